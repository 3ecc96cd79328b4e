//! The command line.
//!
//! Owns: commands, options, what is printed; the only place that reads the environment.
//! Does not own: any work.
//! Always: results go to standard output, everything else to standard error; an error says what was tried, where, and what to do.

mod cash_register;
mod radius;

use std::io::{IsTerminal, Write as _};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use admin_api::{
    AppState, CallsReader, Doors, GATEWAY_WITHIN, GatewaySecret, HttpGateway, Mailer, Monitor, Origin, Provider,
    ProviderClaim, ProviderOptions, Ran, Rate, RateLimits, SecretKey, openapi_json, random_token, run_job, serve_on,
};
use anyhow::Context;
use billing::audit::{self, Anchor, AuditLine, Fault, What};
use billing::staff::Permission;
use billing::{Actor, Clock, Store, SystemClock, numbering_plan, staff};
use chrono::{NaiveDate, TimeDelta};
use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;

use self::cash_register::CashRegisterArgs;
use self::radius::RadiusArgs;

/// Connections to Postgres of a serving program.
const CONNECTIONS_MAX: u32 = 16;

/// Tollgate's admin API: accounts, tariffs, locks, numbers, suspense, audit.
///
/// A first look, with the engines of `deploy/stack` and a loaded operator:
///
///   admin-api token --login me --role admin
///   admin-api serve
///   curl -H "Authorization: Bearer $TOKEN" localhost:8080/v1/accounts/A-000001
///
/// The schema is made by `cdr-ingest migrate`, an operator is loaded by `cdr-ingest load`.
#[derive(Parser)]
#[command(name = "admin-api", version, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What is logged to standard error: error, warn, info, debug, or per module (`info,sqlx=warn`).
    #[arg(long, global = true, env = "TOLLGATE_LOG", default_value = "info,sqlx=warn")]
    log: String,
    /// One JSON object a log line, for collectors.
    #[arg(long, global = true)]
    log_json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API until SIGTERM or SIGINT; open requests get 30 s to be answered before the end. /docs describes it to people.
    Serve(Box<ServeOptions>),
    /// Make a token for a user, and the user if there is none with this login. The token is printed once and stored as a digest only.
    Token(TokenOptions),
    /// Run a job for a date, as the serving program does by night. A date that is done is not done again.
    RunJob(RunJobOptions),
    /// Print the OpenAPI document.
    Openapi,
    /// The audit as a whole.
    #[command(subcommand)]
    Audit(AuditCommand),
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check that no line was changed, taken out or put in later. Prints the number of lines and the anchor of the last one; ends with 1 at the first line
    /// that is wrong. Keep anchors elsewhere: a program that serves logs one an hour.
    Verify(VerifyOptions),
}

#[derive(Args)]
struct VerifyOptions {
    /// An anchor that was noted earlier, ID:HEX: the line has to be there still. Finds also lines that were cut off at the end.
    #[arg(long)]
    expect: Option<Anchor>,
    /// Only lines after this one, whose digest is taken as it stands.
    #[arg(long)]
    from: Option<i64>,
    #[command(flatten)]
    postgres: Postgres,
}

#[derive(Args)]
struct ServeOptions {
    /// Address to listen on. Put a proxy with TLS before it where others than this machine can reach it.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Serve /metrics (for Prometheus) at this address, for example 127.0.0.1:9466.
    #[arg(long)]
    monitor: Option<SocketAddr>,
    #[command(flatten)]
    postgres: Postgres,
    /// Numbering plan: CSV prefix,country,kind,name_en,name_ru, as `cdr-ingest plan` writes it; default: the world's, which the program carries. The same as
    /// that of `cdr-ingest run`, so that a check says what a call would cost.
    #[arg(long, env = "TOLLGATE_NUMBERING_PLAN")]
    numbering_plan: Option<PathBuf>,
    /// Ported numbers: CSV number,home or from,to,home, where home is a prefix of the plan; the same as those of `cdr-ingest run`. Several files: repeat the
    /// option, or separate them by commas. Takes 10 bytes a line of numbers, 24 a range.
    #[arg(long, env = "TOLLGATE_PORTED", value_delimiter = ',')]
    ported: Vec<PathBuf>,
    /// Address of ClickHouse's HTTP interface: http://user:password@host:port, credentials optional.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE", hide_env_values = true)]
    clickhouse: String,
    /// Database in ClickHouse; default: the name of the Postgres database.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE_DATABASE")]
    clickhouse_database: Option<String>,
    /// How long to keep trying at the start when an engine is away, in seconds.
    #[arg(long, default_value_t = 60)]
    wait_seconds: u64,
    /// Networks of proxies before this program, 10.0.0.0/8 for instance: from them alone X-Forwarded-For is believed. Several: separate them by commas.
    #[arg(long, env = "TOLLGATE_TRUSTED_PROXIES", value_delimiter = ',')]
    trusted_proxies: Vec<IpNet>,
    /// Origins of web pages that may ask from a browser, https://billing.example.ru for instance. Several: separate them by commas; default: none.
    #[arg(long, env = "TOLLGATE_CORS_ORIGINS", value_delimiter = ',')]
    cors_origin: Vec<Origin>,
    /// Tell browsers to come by TLS alone from now on (Strict-Transport-Security); only where a proxy with TLS stands before this program.
    #[arg(long)]
    hsts: bool,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    mail: Mail,
    /// Leave the nightly jobs to other processes. Several that run them do not get into each other's way.
    #[arg(long)]
    no_jobs: bool,
    /// Key by which secrets of second factors are encrypted at rest: 64 hexadecimal digits, the same for all processes and for ever. Better in the
    /// environment than on the command line. Without it nobody enrols a second factor.
    #[arg(long, env = "TOLLGATE_SECRET_KEY", hide_env_values = true)]
    secret_key: Option<String>,
    #[command(flatten)]
    provider: ProviderArgs,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    radius: RadiusArgs,
    #[command(flatten)]
    cash_register: CashRegisterArgs,
}

// Of programs that charge cards. (A comment of documentation here would become that of the whole command.)
#[derive(Args)]
struct GatewayArgs {
    /// Secret by which the payment gateway and this program sign what they say to each other, 32 characters or more. Better in the environment than on the
    /// command line. Where the gateway is, the setting gateway.url says; without both no card is linked or charged.
    #[arg(long, env = "TOLLGATE_GATEWAY_SECRET", hide_env_values = true)]
    gateway_secret: Option<String>,
}

impl GatewayArgs {
    /// The state with the gateway, if there is a secret.
    fn given_to(self, state: AppState) -> anyhow::Result<AppState> {
        let Some(secret) = self.gateway_secret else { return Ok(state) };
        let secret = secret.parse::<GatewaySecret>();
        let secret = secret.map_err(|problem| anyhow::anyhow!("TOLLGATE_GATEWAY_SECRET: {problem}"))?;
        Ok(state.with_gateway(HttpGateway::new(secret, GATEWAY_WITHIN)?))
    }
}

// How often one may ask; each process counts for itself. (A comment of documentation here would become that of the whole command.)
#[derive(Args)]
struct LimitOptions {
    /// Requests a second of a user, in the long run; what is more is answered with 429 and Retry-After.
    #[arg(long, default_value = "50")]
    rate_per_second: NonZeroU32,
    /// Requests of a user at once, after a pause.
    #[arg(long, default_value = "200")]
    rate_burst: NonZeroU32,
    /// Requests a second without a valid token from an address, in the long run.
    #[arg(long, default_value = "10")]
    failures_per_second: NonZeroU32,
    /// Requests without a valid token from an address at once, after a pause.
    #[arg(long, default_value = "50")]
    failures_burst: NonZeroU32,
}

impl From<LimitOptions> for RateLimits {
    fn from(options: LimitOptions) -> Self {
        let rate = |per_second, burst| Some(Rate { per_second, burst });
        Self {
            user: rate(options.rate_per_second, options.rate_burst),
            failures: rate(options.failures_per_second, options.failures_burst),
        }
    }
}

#[derive(Args)]
struct Mail {
    /// Mail server: smtp://host:port, smtp://host:port?tls=required for STARTTLS, smtps://user:password@host:port. Without it mails wait in the outbox.
    #[arg(long, env = "TOLLGATE_SMTP", hide_env_values = true, requires = "mail_from")]
    smtp_url: Option<String>,
    /// Address that mails come from.
    #[arg(long, env = "TOLLGATE_MAIL_FROM")]
    mail_from: Option<String>,
}

#[derive(Args)]
struct RunJobOptions {
    /// Name of the job; `GET /v1/jobs` has them all.
    name: String,
    /// The date for which it runs, YYYY-MM-DD.
    #[arg(long)]
    date: NaiveDate,
    #[command(flatten)]
    postgres: Postgres,
    /// Address of ClickHouse's HTTP interface, for jobs that count calls: http://user:password@host:port, credentials optional.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE", hide_env_values = true)]
    clickhouse: String,
    /// Database in ClickHouse; default: the name of the Postgres database.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE_DATABASE")]
    clickhouse_database: Option<String>,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    cash_register: CashRegisterArgs,
}

#[derive(Args)]
#[expect(clippy::struct_field_names, reason = "the options are called so")]
struct ProviderArgs {
    /// Issuer of an OpenID Connect provider by which people sign in with the account that they have there: https://id.example.ru/realms/office for instance.
    #[arg(long, env = "TOLLGATE_OIDC_ISSUER", requires = "oidc_client_id", requires = "oidc_redirect_url")]
    oidc_issuer: Option<String>,
    /// Under which name the provider knows this program.
    #[arg(long, env = "TOLLGATE_OIDC_CLIENT_ID", requires = "oidc_issuer")]
    oidc_client_id: Option<String>,
    /// File with the secret that goes with it; none for a public client.
    #[arg(long, env = "TOLLGATE_OIDC_CLIENT_SECRET_FILE", requires = "oidc_issuer")]
    oidc_client_secret_file: Option<PathBuf>,
    /// Page of the console that the provider sends the browser back to; it posts state and code to /v1/session/oidc.
    #[arg(long, env = "TOLLGATE_OIDC_REDIRECT_URL", requires = "oidc_issuer")]
    oidc_redirect_url: Option<String>,
    /// Claim that names the user: email (verified by the provider; the e-mail of the user here) or preferred_username (his login here).
    #[arg(long, env = "TOLLGATE_OIDC_CLAIM", default_value = "email")]
    oidc_claim: ProviderClaim,
}

impl ProviderArgs {
    /// The provider, if one is named.
    fn provider(self) -> anyhow::Result<Option<Provider>> {
        let (Some(issuer), Some(client_id), Some(redirect_url)) =
            (self.oidc_issuer, self.oidc_client_id, self.oidc_redirect_url)
        else {
            return Ok(None);
        };
        let secret = self.oidc_client_secret_file.map(|path| {
            let text = std::fs::read_to_string(&path);
            text.with_context(|| format!("cannot read the secret of --oidc-client-secret-file in {}", path.display()))
        });
        let client_secret = secret.transpose()?.map(|text| text.trim().to_owned());
        let options = ProviderOptions { issuer, client_id, client_secret, redirect_url, claim: self.oidc_claim };
        Ok(Some(Provider::new(options)?))
    }
}

#[derive(Args)]
struct Postgres {
    /// Address of Postgres with the database: postgres://user:password@host:port/database.
    #[arg(long = "postgres", env = "TOLLGATE_POSTGRES", hide_env_values = true)]
    url: String,
}

#[derive(Args)]
struct TokenOptions {
    /// Login of the user, as the audit will show it.
    #[arg(long)]
    login: String,
    /// Role that the user gets: support, sales, client_service, assistants, head, accounting, settlement, admin or switch.
    #[arg(long)]
    role: String,
    /// Days after which the token is no longer valid.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    #[command(flatten)]
    postgres: Postgres,
}

/// Runs the command line.
///
/// # Errors
/// What stands in the way, in words for the one who typed the command.
pub(crate) fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_new(&cli.log)
        .map_err(|error| anyhow::anyhow!("--log `{}` is not understood: {error}", cli.log))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if cli.log_json {
        log.json().flatten_event(true).init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.command {
        Command::Serve(options) => runtime.block_on(serve(*options)),
        Command::Token(options) => runtime.block_on(token(options)),
        Command::RunJob(options) => runtime.block_on(run_one_job(options)),
        Command::Openapi => print(&openapi_json()),
        Command::Audit(AuditCommand::Verify(options)) => runtime.block_on(verify_audit(options)),
    }
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    numbering_plan::choose(options.numbering_plan.as_deref(), &options.ported)?;
    let secret_key = options.secret_key.as_deref().map(str::parse::<SecretKey>).transpose();
    let secret_key = secret_key.map_err(|problem| anyhow::anyhow!("TOLLGATE_SECRET_KEY: {problem}"))?;
    let provider = options.provider.provider()?;
    let radius = options.radius.read()?;
    let (gateway, cash_register) = (options.gateway, options.cash_register);
    let url = &options.postgres.url;
    let store = Store::open(url, CONNECTIONS_MAX)?;
    if let Some(address) = options.monitor {
        let served = Monitor::install()?.serve(address, store.clone()).await;
        let served = served.with_context(|| format!("--monitor: cannot listen at {address}"))?;
        tracing::info!("figures for Prometheus are on http://{served}/metrics");
    }
    let database = options.clickhouse_database.unwrap_or_else(|| database_of(url).to_owned());
    let calls = CallsReader::open(&options.clickhouse, &database);
    wait_for("Postgres", url, options.wait_seconds, async || store.ping().await).await?;
    wait_for("ClickHouse", &options.clickhouse, options.wait_seconds, async || calls.ping().await).await?;
    let mut state = AppState::new(store.clone(), Arc::new(SystemClock), calls)
        .behind(options.trusted_proxies)
        .limited(options.limits.into())
        .open_to(options.cors_origin)
        .behind_tls(options.hsts);
    if let (Some(url), Some(from)) = (&options.mail.smtp_url, &options.mail.mail_from) {
        let mailer = Mailer::open(url, from).with_context(|| format!("no mail can go to {}", shown(url)))?;
        state = state.sending(mailer);
    } else {
        tracing::info!("mails wait in the outbox: no --smtp-url");
    }
    if !options.no_jobs {
        state = state.running_jobs();
    }
    if let Some(key) = secret_key {
        state = state.with_secret_key(key);
    }
    if let Some(provider) = provider {
        state = state.with_provider(provider);
    }
    state = cash_register.given_to(radius.given_to(gateway.given_to(state)?))?;
    state.refresh().await.with_context(|| {
        format!(
            "cannot read the catalogue from {}; `cdr-ingest migrate` makes the schema, `cdr-ingest load` fills it",
            shown(url)
        )
    })?;
    for name in staff::permission_names(&store).await? {
        if name.parse::<Permission>().is_err() {
            tracing::warn!(
                "the database gives the permission `{name}`, which this program does not know: nobody has it here"
            );
        }
    }
    let listener = tokio::net::TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}; --listen takes another address", options.listen))?;
    tracing::info!("the admin API answers on http://{}", listener.local_addr()?);
    serve_on(radius.open(Doors::from(listener)).await?, state).await;
    Ok(())
}

async fn token(options: TokenOptions) -> anyhow::Result<()> {
    let store = Store::open(&options.postgres.url, 1)?;
    let now = SystemClock.now();
    let expires_at = now + TimeDelta::days(i64::from(options.days));
    let token = random_token()?;
    let user_id = staff::add_token(&store, &options.login, &options.role, &token, expires_at)
        .await
        .with_context(|| format!("no token was made in {}", shown(&options.postgres.url)))?;
    let actor = Actor::named(user_id, &options.login, "command line");
    let line = AuditLine {
        action: "staff.token",
        entity: "staff",
        entity_id: options.login.clone(),
        before: None,
        after: Some(serde_json::json!({"role": options.role, "expires_at": expires_at})),
        personal: None,
        reason: "made by the command line".to_owned(),
    };
    audit::done(&store, &actor, now, line).await?;
    tracing::info!("a token of {} with the role {}, valid until {expires_at}", options.login, options.role);
    print(&format!("{token}\n"))
}

async fn run_one_job(options: RunJobOptions) -> anyhow::Result<()> {
    let RunJobOptions { name, date, postgres, clickhouse, clickhouse_database, gateway, cash_register } = options;
    let database = clickhouse_database.unwrap_or_else(|| database_of(&postgres.url).to_owned());
    // One for the lock, one for the job.
    let store = Store::open(&postgres.url, 2)?;
    let state = AppState::new(store, Arc::new(SystemClock), CallsReader::open(&clickhouse, &database));
    let state = cash_register.given_to(gateway.given_to(state)?)?;
    match run_job(&state, &name, date).await? {
        Ran::Now(run) if run.is_done() => {
            let counts = run.counts.map(|counts| counts.to_string()).unwrap_or_default();
            print(&format!("{name} {date}: done {counts}\n"))
        }
        Ran::Now(run) => anyhow::bail!("{name} for {date} failed: {}", run.error),
        Ran::Before => print(&format!("{name} {date}: done before\n")),
        Ran::Elsewhere => anyhow::bail!("another process runs {name} at this moment"),
    }
}

async fn verify_audit(options: VerifyOptions) -> anyhow::Result<()> {
    let store = Store::open(&options.postgres.url, 1)?;
    let bar = indicatif::ProgressBar::new_spinner().with_message("lines of the audit");
    let mut progress = |lines| bar.set_position(lines);
    let verdict = audit::verify(&store, options.from, options.expect.as_ref(), &mut progress)
        .await
        .with_context(|| format!("the audit in {} cannot be read", shown(&options.postgres.url)))?;
    bar.finish_and_clear();
    if let Some(Fault { id, what }) = verdict.fault {
        let words = match what {
            What::Digest => "it or the line before it was changed, or a line between them was taken out or put in",
            What::Personal => "its personal data are not those that were written",
            What::Head => {
                "the record of the last line names it, and it is not the last one: the end was cut off or written past the rules"
            }
            What::Anchor => "the line of the anchor is not there, or is another one",
        };
        anyhow::bail!("the audit is not whole. {} lines hold; then line {id}: {words}", verdict.lines);
    }
    let head = verdict.head.map_or_else(|| "none".to_owned(), |head| head.to_string());
    print(&format!("{} lines, all as they were written; the last one: {head}\n", verdict.lines))
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}

/// The database in an address of Postgres.
fn database_of(url: &str) -> &str {
    let address = url.split('?').next().unwrap_or_default();
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.is_empty()).unwrap_or("tollgate")
}

/// An address without its credentials, for messages.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

/// Tries `attempt` until it succeeds or `seconds` have passed; says which engine is away, and where.
async fn wait_for<E: std::fmt::Display>(
    engine: &str,
    url: &str,
    seconds: u64,
    mut attempt: impl AsyncFnMut() -> Result<(), E>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut said = false;
    loop {
        let error = match attempt().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let place = shown(url);
        if Instant::now() >= deadline {
            anyhow::bail!("{engine} at {place} does not answer (tried for {seconds} s): {error}. Is it running?");
        }
        if !said {
            tracing::warn!("{engine} at {place} does not answer yet: {error}; trying for up to {seconds} s");
            said = true;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn addresses() {
        assert_eq!(database_of("postgres://u:p@h:5432/books?sslmode=require"), "books");
        assert_eq!(database_of("postgres://u@h:5432/"), "tollgate");
        assert_eq!(database_of("postgres://u@h:5432"), "tollgate");
        assert_eq!(shown("postgres://u:p@h:5432/books"), "postgres://h:5432/books");
        assert_eq!(shown("http://h:8123"), "http://h:8123");
    }
}
