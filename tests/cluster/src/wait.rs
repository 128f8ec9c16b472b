//! Waiting for conditions, always with a deadline and never with a fixed sleep.

use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::time::sleep;

/// What a look at the world found.
pub enum Look<T> {
    Done(T),
    /// Not yet, and what is missing: the words of the error when time runs out.
    Waiting(String),
}

/// Looks until it is done. An error of the look itself ends the wait at once. On a slow machine `ROSIN_PATIENCE=3` multiplies all
/// deadlines.
pub async fn until<T>(
    what: impl Display,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<Look<T>>,
) -> Result<T> {
    let started = Instant::now();
    let deadline = deadline.mul_f64(patience());
    let mut pause = Duration::from_millis(10);
    loop {
        let missing = match look().await? {
            Look::Done(value) => return Ok(value),
            Look::Waiting(missing) => missing,
        };
        if started.elapsed() > deadline {
            bail!(
                "waited {:.0} s for {what}: {missing}",
                deadline.as_secs_f64()
            );
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// Checks that something stays true for a while. There is no other way to see that nothing happens.
pub async fn stays(
    what: impl Display,
    period: Duration,
    mut holds: impl AsyncFnMut() -> Result<bool>,
) -> Result<()> {
    let end = Instant::now() + period;
    while Instant::now() < end {
        if !holds().await? {
            bail!("{what} did not stay so for {:.1} s", period.as_secs_f64());
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

pub fn patience() -> f64 {
    std::env::var("ROSIN_PATIENCE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1.0)
}
