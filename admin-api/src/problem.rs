//! Problems: every error answer of the API (RFC 9457).
//!
//! Owns: the one table code -> status and titles, and the body that people and programs read.
//! Does not own: when a problem arises (handlers and extractors), its language and request id (`edge` knows them and renders).
//! Always: what is told is what the caller can act on; statements, addresses and rows stay in the log.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use billing::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::{Language, Text};
use crate::tokens::NoRandomness;

/// Defines the table of problems.
macro_rules! problems {
    ($($(#[$meta:meta])* $variant:ident = $code:literal, $status:ident, $ru:literal, $en:literal;)+) => {
        /// What went wrong, as a word that programs can rely on.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[expect(clippy::enum_variant_names, reason = "the codes of second factors are called so")]
        pub(crate) enum Code { $($(#[$meta])* $variant),+ }

        impl Code {
            /// Every code.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Its HTTP status.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// Its title.
            pub(crate) const fn title(self) -> Text {
                match self { $(Self::$variant => Text::fixed($ru, $en)),+ }
            }
        }
    };
}

problems! {
    /// The request cannot be read at all.
    BadRequest = "bad_request", BAD_REQUEST, "Запрос не читается", "The request cannot be read";
    /// No token, or one that is not valid.
    Unauthorized = "unauthorized", UNAUTHORIZED, "Нужен действующий токен", "A valid token is needed";
    /// Login and password do not fit, or what else was shown instead of them. Which of it is wrong is not told.
    WrongCredentials = "wrong_credentials", UNAUTHORIZED, "Войти не удалось: проверьте логин и пароль", "The sign-in failed: check login and password";
    /// The password fits, and a code of the second factor is needed beside it.
    CodeNeeded = "code_needed", UNAUTHORIZED, "Нужен код второго фактора", "A code of the second factor is needed";
    /// The code of the second factor does not fit, or was used before.
    WrongCode = "wrong_code", UNAUTHORIZED, "Код не подходит или уже использован", "The code does not fit or was used before";
    /// The session may do nothing but enrol a second factor (setting `signin.totp`).
    EnrolmentNeeded = "enrolment_needed", FORBIDDEN, "Сначала подключите второй фактор", "Enrol a second factor first";
    /// The session may do nothing but choose a password: staff have set the one of now.
    OwnPasswordNeeded = "own_password_needed", FORBIDDEN, "Сначала задайте свой пароль: нынешний задал сотрудник", "Choose a password first: staff have set the one of now";
    /// An API token, where a person has to be signed in.
    SessionNeeded = "session_needed", FORBIDDEN, "Нужен вход по паролю, API-токен не подходит", "A session is needed, an API token is not enough";
    /// Known to the provider of identities, and no user here (S43).
    NotEmployed = "not_employed", FORBIDDEN, "Вас нет среди сотрудников", "You are not among the staff here";
    /// Too many wrong guesses; `Retry-After` says how long to wait.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Слишком много неудачных попыток входа, подождите", "Too many failed sign-ins, please wait";
    /// The server lacks an option; the detail names it.
    NotConfigured = "not_configured", NOT_FOUND, "На сервере это не настроено", "The server is not configured for this";
    /// Nobody pays for a client (B11).
    OnlyClientPays = "only_client_pays", FORBIDDEN, "Оплачивает только сам клиент", "Only the client himself pays";
    /// A right that the giver lacks, or somebody who may more than he (S41).
    GrantExceedsOwn = "grant_exceeds_own", FORBIDDEN, "Нельзя дать или изменить право, которого нет у вас", "You cannot give or change what you lack";
    /// Nobody changes his own rights (S41).
    SelfGrant = "self_grant", FORBIDDEN, "Свои права меняет другой", "Somebody else changes your own rights";
    /// Nobody approves his own request (A25).
    SelfApproval = "self_approval", FORBIDDEN, "Свой запрос согласует другой", "Somebody else approves your own request";
    /// Who forces a number of another provider is the designated approver (M20).
    ProviderNotOwn = "provider_not_own", FORBIDDEN, "Номер чужого провайдера", "The number is another provider's";
    /// One person alone does not do it; the detail says how it is asked for.
    ApprovalNeeded = "approval_needed", CONFLICT, "Нужно согласование", "An approval is needed";
    /// Nobody decides on a request twice.
    AlreadyDecided = "already_decided", CONFLICT, "Вы уже приняли решение по этому запросу", "You have decided on this request already";
    /// What a request is about has changed since it was made.
    StaleRequest = "stale_request", CONFLICT, "То, о чём запрос, с тех пор изменилось", "What the request is about was changed since";
    /// The client has to agree first.
    ClientConsentRequired = "client_consent_required", CONFLICT, "Нужно согласие клиента", "The client's consent is needed";
    /// Nobody could change roles any more.
    LastAdministrator = "last_administrator", CONFLICT, "Это последний администратор", "This is the last administrator";
    /// Logins are unique without regard to case.
    LoginInUse = "login_in_use", CONFLICT, "Логин занят", "The login is taken";
    /// E-mail addresses are unique without regard to case.
    EmailInUse = "email_in_use", CONFLICT, "Эта почта уже занята", "The e-mail is taken";
    /// Contacts change on the word of the profile's e-mail only (L3).
    UnverifiedSender = "unverified_sender", FORBIDDEN, "Изменения принимаются только с почты из профиля", "Changes are accepted from the e-mail of the profile only";
    /// Who has history is not deleted (B8).
    HasHistory = "has_history", CONFLICT, "У клиента есть платежи, начисления или услуги", "The client has payments, charges or services";
    /// Accounts stand against closing a legal entity, and against deleting a client (B8).
    HasActiveAccounts = "has_active_accounts", CONFLICT, "Есть активные лицевые счета", "There are active accounts";
    /// Services in work stand against it (B12).
    HasActiveServices = "has_active_services", CONFLICT, "Есть работающие услуги", "There are services in work";
    /// The account is closed and takes no posting.
    AccountClosed = "account_closed", CONFLICT, "Лицевой счёт закрыт", "The account is closed";
    /// An account that holds or owes money is not closed.
    BalanceNotZero = "balance_not_zero", CONFLICT, "Баланс не равен нулю", "The balance is not zero";
    /// Calls go on, or their records are waited for: an account is not closed over them.
    CallsUnderWay = "calls_under_way", CONFLICT, "На счёте идут звонки", "Calls of the account are under way";
    /// The client is not connected to the legal entity (B12).
    NotConnected = "not_connected", CONFLICT, "Клиент не подключён к организации", "The client is not connected to the legal entity";
    /// The money came to another legal entity than that of the account (T22).
    OtherLegalEntity = "other_legal_entity", CONFLICT, "Деньги пришли другой организации", "The money came to another legal entity";
    /// Nothing of the file is new (L17).
    AlreadyImported = "already_imported", CONFLICT, "Этот файл уже загружен", "The file was imported already";
    /// Another manager holds the client, and the caller may not take him (S4).
    Held = "held", CONFLICT, "Клиента ведёт другой менеджер", "Another manager holds the client";
    /// Another manager holds a client who may be the same (S4).
    HeldByRelated = "held_by_related", CONFLICT, "Похожего клиента ведёт другой менеджер", "Another manager holds a client who may be the same";
    /// No payment of the client is booked (L4).
    NotPaid = "not_paid", CONFLICT, "Клиент ещё не платил", "The client has not paid yet";
    /// The data of the client were cleaned; he does not change any more (B9).
    Cleaned = "cleaned", CONFLICT, "Данные клиента очищены", "The data of the client were cleaned";
    /// Data are kept for a term that is not over (A40).
    Retention = "retention", CONFLICT, "Срок хранения данных не истёк", "The data have to be kept longer";
    /// An account is under a legal hold (A40).
    LegalHold = "legal_hold", CONFLICT, "Действует запрет на уничтожение данных", "A legal hold is in force";
    /// The module is switched off by a setting.
    ModuleOff = "module_off", NOT_FOUND, "Модуль выключен", "The module is switched off";
    /// The user lacks a permission.
    Forbidden = "forbidden", FORBIDDEN, "Недостаточно прав", "Permission denied";
    /// A block stops it (M55).
    AccountBlocked = "ACCOUNT_BLOCKED", FORBIDDEN, "Лицевой счёт заблокирован", "The account is blocked";
    /// A payment invoice is overdue for too long (B14).
    BlockedOverdue = "blocked_overdue", FORBIDDEN, "Работа с услугами остановлена: счёт на оплату просрочен", "Work with services is stopped: a payment invoice is overdue";
    /// The plan is kept for groups that the client is not in (B10).
    TariffNotAvailable = "tariff_not_available", FORBIDDEN, "Тарифный план недоступен клиенту", "The tariff plan is not available to the client";
    /// The payment method is kept for groups that the client is not in (B32).
    PaymentMethodNotAvailable = "payment_method_not_available", FORBIDDEN, "Способ оплаты недоступен клиенту", "The payment method is not available to the client";
    /// The template is kept for groups that the client is not in (B31).
    TemplateNotAvailable = "template_not_available", FORBIDDEN, "Образец договора недоступен клиенту", "The template is not available to the client";
    /// No such route or record.
    NotFound = "not_found", NOT_FOUND, "Не найдено", "Not found";
    /// Somebody has the number, or it is not for sale (M21).
    DidNotAvailable = "did_not_available", CONFLICT, "Номер недоступен для продажи", "The number is not available";
    /// The account has the product already (L7).
    DuplicateProduct = "duplicate_product", CONFLICT, "Продукт уже подключён", "The account has the product already";
    /// It changes only while the product is new (M61).
    NotNew = "not_new", CONFLICT, "Продукт уже не новый", "The product is not new any more";
    /// The earliest day that can be planned is tomorrow (M61).
    PlannedDateNotFuture = "planned_date_not_future", UNPROCESSABLE_ENTITY, "Плановая дата должна быть позже сегодняшней", "A planned day is tomorrow or later";
    /// The number is outside of our capacity (A33).
    NotOurs = "not_ours", NOT_FOUND, "Номер не из нашей ёмкости", "The number is not of our capacity";
    /// The route exists, with other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Метод не поддерживается", "Method not allowed";
    /// Something stands in the way of a fiscal receipt (A26); the detail says what to do.
    ReceiptObstacle = "receipt_obstacle", CONFLICT, "Чек пока нельзя отправить", "The receipt cannot be sent yet";
    /// The step does not exist in the table of states (M12).
    InvalidTransition = "invalid_transition", CONFLICT, "Такой переход состояния невозможен", "This change of state does not exist";
    /// No debt behind a notice of intention has stood for its term (M70).
    TerminationNotDue = "termination_not_due", CONFLICT, "Расторгать договор за неоплату рано или не за что", "No contract is due to be ended for debt";
    /// The same is there already; the detail names it.
    AlreadyExists = "already_exists", CONFLICT, "Такая запись уже есть", "There is such a record already";
    /// The day belongs to a closed period, or to one before it (A9).
    PeriodClosed = "period_closed", CONFLICT, "Период закрыт", "The period is closed";
    /// `If-Match` names an older revision.
    Stale = "stale", PRECONDITION_FAILED, "Запись изменилась с тех пор, как её прочитали", "The record was changed since it was read";
    /// The body is too large.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "Тело запроса слишком велико", "The body is too large";
    /// The body is not JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Ожидается application/json", "application/json is expected";
    /// Fields are not as they must be; `errors` names them.
    Validation = "validation", UNPROCESSABLE_ENTITY, "Проверьте поля запроса", "Check the fields of the request";
    /// A sum has more decimals than money has.
    TooManyDecimals = "too_many_decimals", UNPROCESSABLE_ENTITY, "Слишком много знаков после запятой", "Too many decimals";
    /// The sum is of another currency than the account.
    ForeignCurrency = "foreign_currency", UNPROCESSABLE_ENTITY, "Валюта не совпадает с валютой счёта", "The currency is not that of the account";
    /// The account has less money than that.
    InsufficientFunds = "insufficient_funds", UNPROCESSABLE_ENTITY, "Недостаточно средств", "Insufficient funds";
    /// Calls under way have reserved it (B17).
    MoneyReserved = "money_reserved", UNPROCESSABLE_ENTITY, "Деньги удержаны идущими звонками", "Calls under way have reserved the money";
    /// It goes beyond the credit limit of the account (B14).
    CreditLimit = "credit_limit", UNPROCESSABLE_ENTITY, "Превышен кредитный лимит", "Beyond the credit limit";
    /// A reason is obligatory.
    ReasonRequired = "reason_required", UNPROCESSABLE_ENTITY, "Укажите причину", "A reason is required";
    /// An emergency code cannot be locked (A1).
    EmergencyNotLockable = "emergency_not_lockable", UNPROCESSABLE_ENTITY, "Экстренный номер нельзя запретить", "An emergency code cannot be locked";
    /// A pool of numbers is searched without saying which availability (M17).
    AvailabilityFilterRequired = "availability_filter_required", UNPROCESSABLE_ENTITY, "Укажите доступность для продажи", "Say which availability for sale";
    /// More rows than a list may have.
    LimitTooLarge = "limit_too_large", UNPROCESSABLE_ENTITY, "Слишком много строк", "Too many rows";
    /// Advertising needs the recorded consent of the client (A42).
    ConsentRequired = "consent_required", UNPROCESSABLE_ENTITY, "Клиент не давал согласия на рекламу", "The client has not agreed to advertising";
    /// The account's credit policy does not allow it (A13).
    CreditPolicyConflict = "credit_policy_conflict", UNPROCESSABLE_ENTITY, "Противоречит кредитной политике счёта", "In conflict with the account's credit policy";
    /// A file cannot be imported; `errors` names rows and columns.
    ImportFaults = "import_faults", UNPROCESSABLE_ENTITY, "В файле есть ошибки", "The file has errors";
    /// A term of business days reaches into a year that nobody has entered (A30).
    OutsideCalendar = "outside_calendar", UNPROCESSABLE_ENTITY, "Этого года нет в производственном календаре", "The production calendar does not know the year";
    /// What was compared was changed since.
    StalePreview = "stale_preview", CONFLICT, "Сравнение устарело", "The comparison is out of date";
    /// A later import is in force.
    LaterImport = "later_import", CONFLICT, "Позже введён другой импорт", "A later import is in force";
    /// The same key came with another request.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Idempotency-Key уже использован для другого запроса", "The Idempotency-Key was used for another request";
    /// Too many requests; `Retry-After` says when to come again.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Слишком много запросов", "Too many requests";
    /// Our mistake.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Внутренняя ошибка", "Internal error";
    /// An engine is away; trying again helps.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Сервис временно недоступен", "The service is unavailable for the moment";
    /// No answer in time.
    Timeout = "timeout", GATEWAY_TIMEOUT, "Ответ не успел в срок", "No answer in time";
}

impl Code {
    /// What is said of a case without words of its own: what to do about it, or the title where that says all.
    const fn sentence(self) -> Text {
        match self {
            Self::Stale => Text::fixed(
                "Запись изменилась с тех пор, как её прочитали: прочитайте её снова и повторите изменение с новым ETag в If-Match",
                "The record was changed since it was read: read it again and repeat the change with the new ETag in If-Match",
            ),
            code => code.title(),
        }
    }
}

/// An error answer on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: Option<Text>,
    errors: Vec<(String, Text)>,
    total: Option<usize>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem that its title says all about.
    pub(crate) const fn new(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), total: None, retry_after: None }
    }

    /// The same with a sentence about this case.
    pub(crate) fn because(mut self, detail: Text) -> Self {
        self.detail = Some(detail);
        self
    }

    /// The same, where more errors exist than are told.
    pub(crate) const fn of_total(mut self, total: usize) -> Self {
        self.total = Some(total);
        self
    }

    /// The same, where it is worth trying again in so many seconds.
    pub(crate) const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// In how many seconds it is worth trying again.
    pub(crate) const fn retry_seconds(&self) -> Option<u64> {
        self.retry_after
    }

    /// The same with one more field that is to blame. `pointer` is `/name` of a field or parameter, or the name of a header.
    pub(crate) fn at(mut self, pointer: &str, detail: Text) -> Self {
        self.errors.push((pointer.to_owned(), detail));
        self
    }

    /// The same about fields of a part of the request.
    pub(crate) fn below(mut self, part: &str) -> Self {
        for (pointer, _) in &mut self.errors {
            pointer.insert_str(0, part);
        }
        self
    }

    /// A field that is not as it must be.
    pub(crate) fn field(pointer: &str, detail: Text) -> Self {
        Self::new(Code::Validation).at(pointer, detail)
    }

    /// There is no such account.
    pub(crate) fn no_account(code: &str) -> Self {
        let detail = Text::new(format!("Лицевого счёта {code} нет"), format!("There is no account {code}"));
        Self::new(Code::NotFound).because(detail)
    }

    /// The problem that stands for a plain error status.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        Self::new(match status {
            StatusCode::UNAUTHORIZED => Code::Unauthorized,
            StatusCode::FORBIDDEN => Code::Forbidden,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Code::Timeout,
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Code::Validation,
            StatusCode::TOO_MANY_REQUESTS => Code::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            other if other.is_client_error() => Code::BadRequest,
            _ => Code::Internal,
        })
    }

    /// Its code.
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// Its code, and what is wrong, in one language: for an answer that is no refusal.
    pub(crate) fn told(&self, language: Language) -> (&'static str, String) {
        (self.code.as_str(), self.detail(language))
    }

    /// What is wrong in this case.
    fn detail(&self, language: Language) -> String {
        let sentence = self.code.sentence();
        self.detail.as_ref().unwrap_or(&sentence).spoken(language).to_owned()
    }

    /// Whether fields are to blame.
    pub(crate) fn has_fields(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What it says, for a place that has no room for a body.
    pub(crate) fn in_words(&self, language: Language) -> String {
        let errors = self.errors.iter().map(|(pointer, text)| format!("{pointer}: {}", text.spoken(language)));
        let detail = self.detail.iter().map(|text| text.spoken(language).to_owned());
        let said: Vec<String> = detail.chain(errors).collect();
        if said.is_empty() { self.detail(language) } else { said.join("; ") }
    }

    /// What is sent.
    pub(crate) fn body(&self, language: Language, request_id: &str) -> ProblemBody {
        let title = self.code.title().spoken(language).to_owned();
        let field = |(pointer, text): &(String, Text)| FieldError {
            pointer: pointer.clone(),
            detail: text.spoken(language).to_owned(),
        };
        ProblemBody {
            kind: format!("urn:tollgate:problem:{}", self.code.as_str()),
            status: self.code.status().as_u16(),
            detail: self.detail(language),
            title,
            code: self.code.as_str(),
            errors: self.errors.iter().map(field).collect(),
            errors_total: self.total,
            request_id: request_id.to_owned(),
        }
    }
}

impl IntoResponse for Problem {
    /// The bare status with the problem beside it: only `edge` knows the caller's language and the request's id.
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::AuthorBlocked) {
            return Self::new(Code::Unauthorized);
        }
        if error.is_too_slow() {
            tracing::warn!("{error}");
            let narrower = Text::fixed(
                "Запрос занял слишком много времени: сузьте фильтр или закажите выгрузку",
                "The question took too long: narrow the filter, or order an export",
            );
            return Self::new(Code::Timeout).because(narrower);
        }
        if error.is_unavailable() || error.is_conflict() {
            tracing::warn!("{error}");
            return Self::new(Code::Unavailable);
        }
        tracing::error!("{error}");
        Self::new(Code::Internal)
    }
}

impl From<NoRandomness> for Problem {
    fn from(error: NoRandomness) -> Self {
        tracing::error!("{error}");
        Self::new(Code::Unavailable)
    }
}

/// An error answer, `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// `urn:tollgate:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:tollgate:problem:validation")]
    kind: String,
    /// What is wrong in general, in the language of `Accept-Language` (Russian by default, or English).
    title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What is wrong in this case.
    detail: String,
    /// The word to rely on.
    #[schema(example = "validation")]
    code: &'static str,
    /// The fields to blame, if any.
    errors: Vec<FieldError>,
    /// How many errors there are, where not all of them are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors_total: Option<usize>,
    /// The request, to find it in the logs; also in the header `x-request-id`.
    request_id: String,
}

/// A field to blame.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// `/name` of a field or parameter, or the name of a header.
    #[schema(example = "/limit")]
    pointer: String,
    /// What is wrong with it.
    detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_speaks_both_languages() {
        let problem = Problem::field("/limit", Text::fixed("не число", "not a number"));
        let russian = serde_json::to_value(problem.body(Language::Russian, "r-1")).unwrap();
        assert_eq!(
            russian,
            serde_json::json!({
                "type": "urn:tollgate:problem:validation",
                "title": "Проверьте поля запроса",
                "status": 422,
                "detail": "Проверьте поля запроса",
                "code": "validation",
                "errors": [{"pointer": "/limit", "detail": "не число"}],
                "request_id": "r-1"
            })
        );
        let english = serde_json::to_value(problem.body(Language::English, "r-1")).unwrap();
        assert_eq!(english["title"], "Check the fields of the request");
        assert_eq!(english["errors"][0]["detail"], "not a number");
    }

    /// Whoever has read something old is told what to do, and not only what he is.
    #[test]
    fn a_stale_write_says_the_remedy() {
        for (language, remedy) in [(Language::Russian, "прочитайте её снова"), (Language::English, "read it again")]
        {
            let body = serde_json::to_value(Problem::new(Code::Stale).body(language, "r-1")).unwrap();
            let detail = body["detail"].as_str().unwrap();
            assert!(detail.contains(remedy) && detail.contains("ETag") && body["title"] != detail, "{body}");
        }
    }

    #[test]
    fn codes_are_words_said_once() {
        let mut words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Code::ALL.len());
        for code in Code::ALL {
            let status = code.status();
            assert!(status.is_client_error() || status.is_server_error(), "{code:?}");
            assert_ne!(code.title().spoken(Language::Russian), code.title().spoken(Language::English), "{code:?}");
        }
    }

    #[test]
    fn the_databases_words_stay_inside() {
        let error = StoreError::Inconsistent { table: "setting", problem: "no row for x".into() };
        let problem = Problem::from(error);
        assert_eq!(problem.code(), Code::Internal);
        let body = serde_json::to_string(&problem.body(Language::English, "r-1")).unwrap();
        assert!(!body.contains("setting"), "{body}");
    }
}
