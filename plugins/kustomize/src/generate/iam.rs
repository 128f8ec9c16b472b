//! IAMPolicyGenerator: a ServiceAccount that is bound to one of the cloud's.

use rosin_manifest::node::{Mapping, Node};

use crate::error::{Result, bail};
use crate::kustomization::fields;
use crate::resource::{Resource, Source};

#[derive(Debug, Default)]
pub(crate) struct IamPolicyArgs {
    cloud: String,
    kubernetes_service: KubernetesService,
    service_account: ServiceAccount,
}

fields!(IamPolicyArgs "IAMPolicyGeneratorPlugin" {
    "cloud" => cloud: string,
    "kubernetesservice" => kubernetes_service: strukt,
    "serviceaccount" => service_account: strukt,
});

#[derive(Debug, Default)]
struct KubernetesService {
    name: String,
    namespace: String,
}

fields!(KubernetesService "KubernetesService" { "name" => name: string, "namespace" => namespace: string });

#[derive(Debug, Default)]
struct ServiceAccount {
    name: String,
    project_id: String,
}

fields!(ServiceAccount "ServiceAccount" { "name" => name: string, "projectid" => project_id: string });

pub(crate) fn iam_policy(args: &IamPolicyArgs, source: Source) -> Result<Resource> {
    if args.cloud != "gke" {
        bail!("cloud provider {} not supported yet", args.cloud);
    }
    let account = format!(
        "{}@{}.iam.gserviceaccount.com",
        args.service_account.name, args.service_account.project_id
    );
    let annotations: Mapping = [("iam.gke.io/gcp-service-account", Node::string(account))]
        .into_iter()
        .collect();
    let service = &args.kubernetes_service;
    let mut metadata = Mapping::new();
    metadata.insert("annotations", annotations);
    metadata.insert("name", Node::plain(service.name.as_str()));
    if !service.namespace.is_empty() {
        metadata.insert("namespace", Node::plain(service.namespace.as_str()));
    }
    let object: Mapping = [
        ("apiVersion", Node::string("v1")),
        ("kind", Node::string("ServiceAccount")),
        ("metadata", metadata.into()),
    ]
    .into_iter()
    .collect();
    Ok(Resource::new(object.into(), source))
}
