//! The bare client: the same objects by server-side apply, sixteen at a time, and nothing else. It runs as a process of its own, so
//! that its memory and CPU time can be told.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use rosin_cluster_tests::Api;

use crate::{Layout, workload};

const AT_ONCE: usize = 16;

pub(crate) async fn client(count: usize, layout: Layout) -> Result<()> {
    let kubeconfig = std::env::var_os("KUBECONFIG").context("KUBECONFIG")?;
    let api = Api::connect(&PathBuf::from(kubeconfig)).await?;
    let started = Instant::now();
    stream::iter(0..count)
        .map(|index| {
            let api = &api;
            async move {
                for mut object in workload::objects(index) {
                    object["metadata"]["namespace"] = workload::namespace(layout, index).into();
                    api.apply(&object).await?;
                }
                anyhow::Ok(())
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    println!("{}", started.elapsed().as_secs_f64());
    // Who started it reads its memory and CPU time before it lets it go.
    std::future::pending().await
}
