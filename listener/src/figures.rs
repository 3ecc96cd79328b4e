//! What a program counts, for Prometheus.
//!
//! Owns: what a figure is, the recorder of a process with its bounds and descriptions, the answer to /metrics.
//! Does not own: the lists of figures and who counts what (each program its own), the address (an option of each).
//! Always: a program without a watchman has no recorder, and counting is then next to nothing; with one, whoever counts often keeps his handle.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

pub use metrics_exporter_prometheus::{BuildError, PrometheusHandle};

/// Single values of histograms wait for so long until they are added up.
const ADDED_UP_EVERY: Duration = Duration::from_secs(5);

/// What kind of figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows; starts at 0 with the process.
    Counter,
    /// As it stands.
    Gauge,
    /// How often which size; upper bounds.
    Histogram(&'static [f64]),
}

/// A figure.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    /// Name.
    pub name: &'static str,
    /// Kind.
    pub kind: Kind,
    /// What it says, with its labels and its unit.
    pub help: &'static str,
}

/// The list of a program: a constant for each name, and `ALL` of them.
#[macro_export]
macro_rules! meters {
    ($($constant:ident = $name:literal, $kind:expr, $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: &str = $name;)+

        /// All of them.
        pub const ALL: &[$crate::figures::Meter] =
            &[$($crate::figures::Meter { name: $constant, kind: $kind, help: $help }),+];
    };
}

/// Makes the recorder of the process; what it returns renders the figures.
///
/// # Errors
/// There is a recorder already.
pub fn install(meters: &[Meter]) -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for meter in meters {
        if let Kind::Histogram(bounds) = meter.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(meter.name.to_owned()), bounds)?;
        }
    }
    let handle = builder.install_recorder()?;
    for meter in meters {
        match meter.kind {
            Kind::Counter => metrics::describe_counter!(meter.name, meter.help),
            Kind::Gauge => metrics::describe_gauge!(meter.name, meter.help),
            Kind::Histogram(_) => metrics::describe_histogram!(meter.name, meter.help),
        }
    }
    Ok(handle)
}

/// Answers /metrics; `look` sets first what is not counted but looked up. Adds histograms up from now on.
pub fn router(figures: PrometheusHandle, look: impl Fn() + Clone + Send + Sync + 'static) -> Router {
    let kept = figures.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(ADDED_UP_EVERY).await;
            kept.run_upkeep();
        }
    });
    let answer = move || async move {
        look();
        figures.render()
    };
    Router::new().route("/metrics", get(answer))
}
