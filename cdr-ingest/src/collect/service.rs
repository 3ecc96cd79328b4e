//! The collector as a service.
//!
//! Owns: putting the parts together, their figures, whether it is ready, what connections are held to.
//! Does not own: any part.
//! Always: posts are taken while Postgres is away; files wait for it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use billing::ingest_alarms::{self, Raised};
use billing::{Clock, Store, SystemClock};
use listener::Limits;
use rating::wording::Language;
use tokio::task::JoinSet;

use super::config::Config;
use super::door::{Credentials, Door};
use super::file::Target;
use super::gate::Gate;
use super::http::{self, Posts};
use super::sender::Sender;
use super::spool::Spool;
use super::watch::Watcher;
use crate::meters;
use crate::monitor::Readiness;

/// What a connection of a switch is held to.
const CONNECTIONS: Limits =
    Limits { connections: 1_000, head_time: Duration::from_secs(30), end_time: Duration::from_secs(30) };

/// Between looks at the figures.
const FIGURES: Duration = Duration::from_secs(5);

/// What is said when a part ended.
const ENDED: &str = "a part of the collector broke an invariant; start it again, the log says more";

/// Runs until `stop` resolves; requests under way are answered first.
///
/// # Errors
/// The spool or the address cannot be used, in words.
pub async fn run(
    config: Config,
    brokers: &str,
    store: Store,
    readiness: Arc<Readiness>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let sender = Arc::new(Sender::open(brokers, &config.topic, config.kafka_patience)?);
    let target = Arc::new(Target {
        store: store.clone(),
        sender: Arc::clone(&sender),
        cluster: config.cluster.clone(),
        topic: config.topic.clone(),
        record_bytes_max: config.record_bytes_max,
    });
    let mut tasks = JoinSet::new();
    for source in &config.sources {
        if let Some(files) = &source.files {
            tasks.spawn(Watcher::new(source.name.clone(), files.clone(), Arc::clone(&target)).run());
        }
    }
    let mut spool = None;
    if let Some(place) = &config.spool {
        let opened = Spool::open(&place.directory, place.bytes_max)
            .with_context(|| format!("spool.directory {} cannot be used", place.directory.display()))?;
        metrics::gauge!(meters::COLLECT_SPOOL_MAX_BYTES).set(place.bytes_max as f64);
        spool = Some((Arc::new(opened), place.bytes_max));
    }
    tasks.spawn(figures(store.clone(), spool.clone(), readiness));
    if let (Some(listen), Some((spool, _))) = (&config.listen, &spool) {
        let gate = Arc::new(Gate::new(sender, Arc::clone(spool)));
        let draining = Arc::clone(&gate);
        tasks.spawn(async move { draining.drain().await });
        let posts = Posts {
            door: door(&config)?,
            gate,
            sources: posting(&config),
            body_bytes_max: listen.body_bytes_max,
            record_bytes_max: config.record_bytes_max,
            trust_forwarded: listen.trust_forwarded,
            store,
        };
        let listener = tokio::net::TcpListener::bind(listen.address)
            .await
            .with_context(|| format!("listen.address: cannot listen at {}", listen.address))?;
        tracing::info!(address = %listener.local_addr()?, "the collector listens");
        let router = http::router(Arc::new(posts));
        tokio::select! {
            () = listener::serve(listener, router, CONNECTIONS, stop) => {}
            () = ended(&mut tasks) => anyhow::bail!(ENDED),
        }
    } else {
        tokio::select! {
            () = stop => {}
            () = ended(&mut tasks) => anyhow::bail!(ENDED),
        }
    }
    tasks.shutdown().await;
    Ok(())
}

/// Resolves when one of the parts, which never end, has ended.
async fn ended(tasks: &mut JoinSet<()>) {
    if let Some(Err(error)) = tasks.join_next().await {
        tracing::error!(%error, "a part of the collector");
    }
}

fn door(config: &Config) -> anyhow::Result<Door> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let known = config.sources.iter().filter_map(|source| {
        let http = source.http.as_ref()?;
        Some(Credentials {
            source: source.name.clone(),
            user: http.user.clone(),
            secret_hash: http.secret_hash.clone(),
        })
    });
    Ok(Door::new(known.collect(), key))
}

fn posting(config: &Config) -> HashMap<String, Arc<str>> {
    let posting = config.sources.iter().filter(|source| source.http.is_some());
    posting.map(|source| (source.name.clone(), source.name.as_str().into())).collect()
}

/// Makes alarms of the damage to the spool that was found, as soon as Postgres takes them.
async fn tell_damage(store: &Store, spool: &Spool) -> Result<(), billing::StoreError> {
    for damage in spool.damage() {
        // Numbers of segments come again where a spool is begun anew.
        let subject = format!("{}, {}", damage.subject, damage.found_at.format("%Y-%m-%d %H:%M"));
        let raised = Raised {
            source: ingest_alarms::ALL_SOURCES,
            kind: ingest_alarms::Kind::Spool,
            subject: &subject,
            what: damage.said.english(),
            what_ru: damage.said.spoken(Language::Russian),
        };
        ingest_alarms::raise(store, &raised, SystemClock.now()).await?;
        spool.damage_told();
    }
    Ok(())
}

/// Keeps the figures of the collector, and its readiness: there is room for what Kafka does not take.
async fn figures(store: Store, spool: Option<(Arc<Spool>, u64)>, readiness: Arc<Readiness>) {
    loop {
        let now = SystemClock.now().timestamp_millis();
        let mut has_room = true;
        if let Some((spool, bytes_max)) = &spool {
            let waiting = spool.waiting_bytes();
            has_room = waiting < *bytes_max;
            let age_ms = spool.oldest_ms().map_or(0, |oldest_ms| (now - oldest_ms).max(0));
            metrics::gauge!(meters::COLLECT_SPOOL_BYTES).set(waiting as f64);
            metrics::gauge!(meters::COLLECT_SPOOL_AGE).set(age_ms as f64 / 1000.0);
            if let Err(error) = tell_damage(&store, spool).await {
                tracing::debug!(%error, "damage to the spool waits to be told");
            }
        }
        match ingest_alarms::open_by_kind(&store).await {
            Ok(open) => {
                for kind in ingest_alarms::Kind::ALL {
                    let count = open.iter().find(|(name, _)| name == kind.as_str()).map_or(0, |(_, count)| *count);
                    metrics::gauge!(meters::INGEST_ALARMS, "kind" => kind.as_str()).set(count as f64);
                }
            }
            Err(error) => tracing::debug!(%error, "open alarms are not known"),
        }
        if has_room {
            readiness.progressed(now);
        }
        tokio::time::sleep(FIGURES).await;
    }
}
