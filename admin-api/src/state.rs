//! The program's state: what every handler may use.
//!
//! Owns: the handles of both engines, the clock, the held catalogue and shelf of numbers, what lets calls go, the way to the mail server, what signing in needs of the server's own, what a serving
//! program is told about its surroundings.
//! Does not own: what is done with them.
//! Always: cheap to clone; a request changes nothing here but the count of itself.

use std::ops::Deref;
use std::sync::Arc;

use billing::settings::Settings;
use billing::{Clock, Store, StoreError};
use ipnet::IpNet;
use rating::Snapshot;

use crate::authorize::Authorizer;
use crate::calls::CallsReader;
use crate::cash_register::CashRegister;
use crate::cors::Origin;
use crate::gateway::Gateway;
use crate::language::Text;
use crate::limits::{Limits, RateLimits};
use crate::mailer::Mailer;
use crate::problem::{Code, Problem};
use crate::radius_door::{Ending, RadiusClients};
use crate::shelf::HeldShelf;
use crate::sign_in::{Passwords, Provider, SecretKey};
use crate::snapshot::{Catalogue, RefreshError};
use crate::switch_door::Switches;

/// Everything behind the routes. One pointer, for each layer of each request has its own.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// What there is.
#[derive(Clone)]
pub struct Parts {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) calls: CallsReader,
    pub(crate) catalogue: Arc<Catalogue>,
    /// Networks whose word about the caller's address is taken.
    pub(crate) proxies: Arc<[IpNet]>,
    /// How often one may ask.
    pub(crate) limits: Arc<Limits>,
    /// Web pages that may ask from a browser.
    pub(crate) origins: Arc<[Origin]>,
    /// Whether callers reach the program by TLS alone.
    pub(crate) is_behind_tls: bool,
    /// Sends mails; without one they wait.
    pub(crate) mailer: Option<Arc<Mailer>>,
    /// Whether this process runs jobs.
    pub(crate) runs_jobs: bool,
    /// Threads that hash passwords.
    pub(crate) passwords: Passwords,
    /// The key of secrets at rest.
    pub(crate) secret_key: Option<SecretKey>,
    /// The provider of identities.
    pub(crate) provider: Option<Arc<Provider>>,
    /// Lets calls go.
    pub(crate) authorizer: Authorizer,
    /// Tokens of switches that are known.
    pub(crate) switches: Arc<Switches>,
    /// The payment gateway; where it is, a setting says.
    pub(crate) gateway: Option<Arc<dyn Gateway>>,
    /// The service of cash registers.
    pub(crate) cash_register: Option<Arc<dyn CashRegister>>,
    /// Numbers that are searched for sale.
    pub(crate) shelf: Arc<HeldShelf>,
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl AppState {
    /// State over these engines, with the usual limits; the catalogue is empty until [`AppState::refresh`].
    pub fn new(store: Store, clock: Arc<dyn Clock>, calls: CallsReader) -> Self {
        let catalogue = Arc::new(Catalogue::default());
        let authorizer = Authorizer::new(store.clone(), Arc::clone(&clock), Arc::clone(&catalogue));
        Self(Arc::new(Parts {
            store,
            clock,
            calls,
            catalogue,
            proxies: Arc::new([]),
            limits: Arc::new(Limits::new(RateLimits::default())),
            origins: Arc::new([]),
            is_behind_tls: false,
            mailer: None,
            runs_jobs: false,
            passwords: Passwords::default(),
            secret_key: None,
            provider: None,
            authorizer,
            switches: Arc::default(),
            gateway: None,
            cash_register: None,
            shelf: Arc::default(),
        }))
    }

    /// To be changed while it is put together.
    fn parts(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.0)
    }

    /// The same behind proxies in these networks, which say whom they speak for.
    #[must_use]
    pub fn behind(mut self, proxies: Vec<IpNet>) -> Self {
        self.parts().proxies = proxies.into();
        self
    }

    /// The same with these limits.
    #[must_use]
    pub fn limited(mut self, rates: RateLimits) -> Self {
        self.parts().limits = Arc::new(Limits::new(rates));
        self
    }

    /// The same for web pages of these origins too.
    #[must_use]
    pub fn open_to(mut self, origins: Vec<Origin>) -> Self {
        self.parts().origins = origins.into();
        self
    }

    /// The same where callers come by TLS alone, which browsers are told to remember.
    #[must_use]
    pub fn behind_tls(mut self, is_behind_tls: bool) -> Self {
        self.parts().is_behind_tls = is_behind_tls;
        self
    }

    /// The same with a way to send mails.
    #[must_use]
    pub fn sending(mut self, mailer: Mailer) -> Self {
        self.parts().mailer = Some(Arc::new(mailer));
        self
    }

    /// The same in a process that runs jobs while it serves.
    #[must_use]
    pub fn running_jobs(mut self) -> Self {
        self.parts().runs_jobs = true;
        self
    }

    /// The same with the key by which secrets are encrypted at rest; without one nobody enrols a second factor.
    #[must_use]
    pub fn with_secret_key(mut self, key: SecretKey) -> Self {
        self.parts().secret_key = Some(key);
        self
    }

    /// The same with a provider of identities by which people sign in (S43).
    #[must_use]
    pub fn with_provider(mut self, provider: Provider) -> Self {
        self.parts().provider = Some(Arc::new(provider));
        self
    }

    /// The same with a payment gateway by which cards are linked and charged (M33).
    #[must_use]
    pub fn with_gateway(mut self, gateway: impl Gateway + 'static) -> Self {
        self.parts().gateway = Some(Arc::new(gateway));
        self
    }

    /// The same with switches that speak RADIUS, which are then told to end calls.
    #[must_use]
    pub fn with_radius(self, clients: RadiusClients) -> Self {
        let ending = Ending::new(clients, Arc::clone(&self.clock));
        self.authorizer.disconnect_by(Arc::new(ending));
        self
    }

    /// The same with a service of cash registers, which issues fiscal receipts (A26); without one they wait.
    #[must_use]
    pub fn with_cash_register(mut self, register: impl CashRegister + 'static) -> Self {
        self.parts().cash_register = Some(Arc::new(register));
        self
    }

    /// What lets calls go, for whoever speaks with switches otherwise.
    pub fn authorizer(&self) -> &Authorizer {
        &self.authorizer
    }

    /// Reads settings and, when its version changed, the catalogue. `true` when a new snapshot is in force.
    pub async fn refresh(&self) -> Result<bool, RefreshError> {
        self.catalogue.refresh(&self.store).await
    }

    /// Reads the numbers that are searched for sale, or what has changed of them: how many those were. A serving program does so by itself.
    pub async fn refresh_shelf(&self) -> Result<usize, StoreError> {
        self.shelf.refresh(&self.store).await
    }

    /// The snapshot in force.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, Problem> {
        self.catalogue.snapshot().ok_or(Problem::new(Code::Unavailable))
    }

    /// The key of secrets at rest.
    pub(crate) fn secret_key(&self) -> Result<&SecretKey, Problem> {
        self.secret_key.as_ref().ok_or_else(|| {
            Problem::new(Code::NotConfigured).because(Text::fixed(
                "Второй фактор недоступен: серверу нужен ключ в TOLLGATE_SECRET_KEY",
                "No second factor: the server needs a key in TOLLGATE_SECRET_KEY",
            ))
        })
    }

    /// The provider of identities.
    pub(crate) fn provider(&self) -> Result<&Provider, Problem> {
        self.provider.as_deref().ok_or_else(|| {
            Problem::new(Code::NotConfigured).because(Text::fixed(
                "Вход через OpenID Connect не настроен: серверу нужны параметры --oidc-issuer, --oidc-client-id, --oidc-redirect-url",
                "No sign-in by OpenID Connect: the server needs the options --oidc-issuer, --oidc-client-id, --oidc-redirect-url",
            ))
        })
    }

    /// The payment gateway.
    pub(crate) fn gateway(&self) -> Result<&dyn Gateway, Problem> {
        self.gateway.as_deref().ok_or_else(|| {
            Problem::new(Code::NotConfigured).because(Text::fixed(
                "Платёжный шлюз не настроен: серверу нужен секрет в TOLLGATE_GATEWAY_SECRET",
                "No payment gateway: the server needs a secret in TOLLGATE_GATEWAY_SECRET",
            ))
        })
    }

    /// The payment gateway, and where it is.
    pub(crate) fn gateway_at(&self) -> Result<(&dyn Gateway, String), Problem> {
        let gateway = self.gateway()?;
        let url = self.settings()?.text("gateway.url")?.to_owned();
        if url.is_empty() {
            return Err(Problem::new(Code::NotConfigured).because(Text::fixed(
                "Платёжный шлюз не настроен: задайте настройку gateway.url",
                "No payment gateway: the setting gateway.url is empty",
            )));
        }
        Ok((gateway, url))
    }

    /// The settings in force.
    pub(crate) fn settings(&self) -> Result<Arc<Settings>, Problem> {
        self.catalogue.settings().ok_or(Problem::new(Code::Unavailable))
    }
}
