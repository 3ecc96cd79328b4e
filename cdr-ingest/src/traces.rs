//! Traces of batches by OpenTelemetry, where a collector is configured.
//!
//! Owns: the spans of the service, where they are sent.
//! Does not own: the log, in which no span stands; figures (`meters`).
//! Always: a span names partitions, offsets, jobs and counts, never a telephone number or an account; without a collector a span costs one comparison.

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Metadata, Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// What all spans of the service are filed under, and nothing else is.
pub const TARGET: &str = "tollgate::traces";

/// Whether something is one of our spans.
pub fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == TARGET
}

/// A batch on its way from Kafka to ClickHouse; its stages are spans inside it.
pub fn batch(partition: i32, from_offset: i64, records: usize) -> Span {
    tracing::info_span!(target: TARGET, parent: None, "batch", partition, from_offset, records)
}

/// A stage of a batch: `rate`, `commit`, `deliver`.
macro_rules! stage {
    ($batch:expr, $name:literal) => {
        tracing::info_span!(target: $crate::traces::TARGET, parent: $batch, $name)
    };
}

pub(crate) use stage;

/// A portion of a job that rates again.
pub fn portion(job: i64, kind: &'static str, portion: i64) -> Span {
    tracing::info_span!(target: TARGET, parent: None, "portion", job, kind, portion)
}

/// The way to a collector. What is under way is sent when it is dropped.
#[derive(Debug)]
pub struct Exporter(SdkTracerProvider);

impl Exporter {
    /// To the collector at `endpoint` (OTLP over HTTP, its root, for example `http://collector:4318`). Headers and timeouts come from the standard
    /// variables `OTEL_EXPORTER_OTLP_*`. Not to be called from within a runtime.
    ///
    /// # Errors
    /// The endpoint is no address.
    pub fn to(endpoint: &str) -> anyhow::Result<Self> {
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = SpanExporter::builder().with_http().with_endpoint(url).build();
        let exporter = exporter
            .with_context(|| format!("--traces `{endpoint}` is no address of a collector (http://host:4318)"))?;
        let resource = Resource::builder().with_service_name("cdr-ingest").build();
        Ok(Self(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
    }

    /// What sends our spans there.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let tracer = self.0.tracer("cdr-ingest");
        tracing_opentelemetry::layer().with_tracer(tracer).with_filter(filter_fn(is_ours))
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}
