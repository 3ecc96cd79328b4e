//! What people may be allowed to do.
//!
//! Owns: the closed list of permissions, with a sentence on each in Russian and English.
//! Does not own: who has which (`people`, `grants`), which endpoint asks for which (the API).
//! Always: a permission is in the code before it is in the database; what no one may do is no permission at all.

/// Defines the closed list of permissions: name, and what it allows in Russian; the English sentence is the comment.
macro_rules! permissions {
    ($(#[doc = $en:literal] $variant:ident = $text:literal, $ru:literal;)+) => {
        /// What a user may be allowed to do (requirements 6.5).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Permission { $(#[doc = $en] $variant),+ }

        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the database and in refusals.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// What it allows, in Russian and in English.
            pub fn about(self) -> (&'static str, &'static str) {
                let (ru, en) = match self { $(Self::$variant => ($ru, $en)),+ };
                (ru, en.trim().trim_end_matches('.'))
            }
        }
    };
}

impl std::str::FromStr for Permission {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text).ok_or(())
    }
}

permissions! {
    /// See accounts, balances, credit terms and their history.
    AccountView = "account.view", "Видеть лицевые счета, балансы, условия кредита и их историю";
    /// Change a credit limit.
    AccountCredit = "account.credit", "Менять кредитный лимит";
    /// Approve a credit limit above what one person may give.
    AccountCreditApprove = "account.credit_approve", "Согласовывать кредитный лимит выше того, что даёт один сотрудник";
    /// Block accounts and lift blocks, record notices of that.
    AccountBlock = "account.block", "Блокировать лицевые счета и снимать блокировку, записывать уведомления о ней";
    /// Approve that contracts of debtors are ended.
    AccountTerminate = "account.terminate", "Согласовывать расторжение договоров за неоплату";
    /// Switch automatic payment of an account off.
    AutopayStop = "autopay.stop", "Отключать автоплатёж лицевого счёта";
    /// Open, change and close accounts, choose their plans.
    AccountEdit = "account.edit", "Открывать, менять и закрывать лицевые счета, выбирать им тарифные планы";
    /// Give an account a plan from a month that is over.
    AccountPlanPast = "account.plan_past", "Менять тарифный план лицевого счёта задним числом, раньше текущего месяца";
    /// See calls of an account.
    CallsView = "calls.view", "Видеть звонки лицевого счёта";
    /// End calls that go on.
    CallEnd = "call.end", "Завершать идущие звонки";
    /// Ask before a call whether it may go, as switches do.
    SwitchAuthorize = "switch.authorize", "Спрашивать до звонка, можно ли его пропустить (право коммутатора)";
    /// Keep filters of lists, order lists as files.
    ListKeep = "list.keep", "Хранить фильтры списков и заказывать выгрузку списков";
    /// Check a tariff.
    TariffCheck = "tariff.check", "Проверять тариф";
    /// See locks, check a number against them.
    LockView = "lock.view", "Видеть блокировки и проверять по ним номера";
    /// Make locks, change their comments, bar more.
    LockEdit = "lock.edit", "Ставить блокировки, менять их примечания и расширять их";
    /// Lift and delete locks of anybody.
    LockDelete = "lock.delete", "Снимать и удалять чужие блокировки";
    /// See discounts, exchange rates, taxes, groups of clients and what is kept for them, payment methods, currencies.
    TermsView = "terms.view", "Видеть скидки, курсы валют, налоги, группы клиентов и что доступно только им, способы оплаты, валюты";
    /// Give and end discounts.
    DiscountEdit = "discount.edit", "Давать и завершать скидки";
    /// Make groups of clients, say who belongs to them, what they permit, and which tariff plans are kept for them.
    GroupEdit = "group.edit", "Вести группы клиентов, их состав и разрешения, закреплять за ними тарифные планы";
    /// Enter and end exchange rates.
    ExchangeEdit = "exchange.edit", "Вводить и завершать курсы валют";
    /// Say which currencies may be chosen.
    CurrencyEdit = "currency.edit", "Решать, какие валюты доступны";
    /// Give a client a tax rate of his own.
    TaxOverride = "tax.override", "Задавать клиенту собственную ставку налога";
    /// Keep the directory of payment methods, and say for which groups a method is.
    PaymentMethodEdit = "payment_method.edit", "Вести справочник способов оплаты и закреплять их за группами";
    /// See contracts, their texts and templates.
    ContractView = "contract.view", "Видеть договоры, их тексты и образцы";
    /// Make contracts, change drafts, activate and terminate.
    ContractEdit = "contract.edit", "Заводить договоры, менять черновики, вводить в действие и расторгать";
    /// Keep templates and kinds of contracts, and say for which groups a template is.
    ContractTemplateEdit = "contract_template.edit", "Вести образцы и виды договоров и закреплять образцы за группами";
    /// See numbers of the capacity.
    DidView = "did.view", "Видеть номера номерной ёмкости";
    /// Send a number to quarantine.
    DidArchive = "did.archive", "Отправлять номер в карантин";
    /// Change what a number is: region, place, provider, kind, class, price, whether it is for sale.
    DidEdit = "did.edit", "Менять свойства номера: регион, место, провайдера, вид, класс, цену, доступность для продажи";
    /// Bring in ranges and lists of numbers.
    DidImport = "did.import", "Загружать диапазоны и списки номеров";
    /// Take numbers out of the capacity: ported out or returned.
    DidWithdraw = "did.withdraw", "Выводить номера из ёмкости: перенесённые к другому оператору и возвращённые";
    /// Free a number of a closed subscriber without quarantine.
    DidSkipQuarantine = "did.skip_quarantine", "Освобождать номер закрытого абонента без карантина";
    /// Ask for a number to be forced into sale.
    DidForceRequest = "did.force_request", "Запрашивать принудительный вывод номера в продажу";
    /// Approve that a number of our own capacity is forced into sale.
    DidForceOwn = "did.force_own", "Согласовывать принудительный вывод номера собственной ёмкости";
    /// Approve that a number of another provider is forced into sale.
    DidForceForeign = "did.force_foreign", "Согласовывать принудительный вывод номера чужого провайдера";
    /// Ask for the number of a product to be replaced.
    DidReplaceRequest = "did.replace_request", "Запрашивать замену номера на продукте";
    /// Approve that the number of a product is replaced.
    DidReplaceApprove = "did.replace_approve", "Согласовывать замену номера на продукте";
    /// Keep the classes of beautiful numbers, their prices, and regions.
    NumberClassEdit = "number_class.edit", "Вести классы красивых номеров, их цены и регионы";
    /// Keep the terms of quarantine and the callers that do not count.
    QuarantineEdit = "quarantine.edit", "Вести сроки карантина и номера, звонки с которых не учитываются";
    /// Keep the calendar of business days.
    CalendarEdit = "calendar.edit", "Вести производственный календарь";
    /// See products of accounts and their subscribers.
    SubscriptionView = "subscription.view", "Видеть продукты лицевых счетов и их абонентов";
    /// Give accounts products, attach numbers to them, cancel and close.
    SubscriptionEdit = "subscription.edit", "Подключать продукты, прикреплять к ним номера, отменять и закрывать";
    /// Put products and subscribers to work by hand.
    SubscriptionActivate = "subscription.activate", "Активировать продукты и абонентов вручную";
    /// See records that could not be rated.
    SuspenseView = "suspense.view", "Видеть нетарифицированные записи";
    /// Try records of suspense again.
    SuspenseRecycle = "suspense.recycle", "Повторять тарификацию отложенных записей";
    /// Correct or discard records of suspense.
    SuspenseCorrect = "suspense.correct", "Исправлять и списывать отложенные записи";
    /// See jobs that rate again.
    ReworkView = "rework.view", "Видеть задания перерасчёта";
    /// Rate charges again.
    ChargeRerate = "charge.rerate", "Перерасчитывать начисления";
    /// Roll an import back.
    ChargeRollback = "charge.rollback", "Откатывать импорт";
    /// See imports of call records, alarms of their collection, what switches count.
    ImportView = "import.view", "Видеть импорты записей о звонках, тревоги сбора и счётчики коммутаторов";
    /// Acknowledge an alarm of the collection.
    IngestAlarmAcknowledge = "ingest_alarm.acknowledge", "Подтверждать тревоги сбора";
    /// Enter what a switch counts itself.
    SwitchCountEnter = "switch_count.enter", "Вводить счётчики коммутатора";
    /// Enter charges by hand.
    ChargeEnter = "charge.enter", "Вводить списания вручную";
    /// Enter top-ups by hand: virtual money.
    TopupEnter = "topup.enter", "Вводить пополнения вручную (виртуальные деньги)";
    /// Enter withdrawals of money.
    WithdrawalEnter = "withdrawal.enter", "Оформлять вывод средств";
    /// See payments, statements of banks and what payments pay.
    PaymentView = "payment.view", "Видеть платежи, банковские выписки и что ими оплачено";
    /// Enter payments by documents of banks and of the cash desk.
    PaymentEnter = "payment.enter", "Вводить поступившие платежи по документам банка и кассы";
    /// Import statements of banks.
    PaymentImport = "payment.import", "Загружать банковские выписки";
    /// Say whose a payment is, and what it pays.
    PaymentMatch = "payment.match", "Разносить платежи из списка ненайденных и распределять их по документам";
    /// Give payments back, record that a bank took one back.
    PaymentRefund = "payment.refund", "Возвращать платежи и отмечать отозванные банком";
    /// Move payments to another account or legal entity.
    PaymentMove = "payment.move", "Переносить платежи на другой лицевой счёт или другую организацию";
    /// Send fiscal receipts again, say that one is not needed any more.
    ReceiptEdit = "receipt.edit", "Повторять отправку кассовых чеков и закрывать их вручную";
    /// Ask the treasury for payments that are not found.
    PaymentSearchEdit = "payment_search.edit", "Запрашивать поиск ненайденных платежей у казначейства";
    /// Ask for a posting to be taken back.
    PostingReversalRequest = "posting.reversal_request", "Запрашивать сторнирование";
    /// Approve that a posting is taken back.
    PostingReversalApprove = "posting.reversal_approve", "Согласовывать сторнирование";
    /// Take a posting back once that is approved.
    PostingReversalExecute = "posting.reversal_execute", "Исполнять согласованное сторнирование";
    /// Make, change and close products.
    ProductEdit = "product.edit", "Заводить, менять и закрывать продукты";
    /// See invoices and other documents.
    InvoiceView = "invoice.view", "Видеть счета и другие документы";
    /// Enter documents that were issued.
    DocumentEnter = "document.enter", "Вводить выставленные документы";
    /// Say that the bank statement of a day is complete.
    StatementComplete = "statement.complete", "Отмечать, что банковская выписка за день загружена полностью";
    /// See price lists, their imports and their history.
    PriceView = "price.view", "Видеть прайс-листы, их импорты и историю";
    /// Bring in a file of prices as a draft, or discard one.
    PriceImport = "price.import", "Загружать черновик цен и отменять его";
    /// Put a draft of prices in force, or take it back.
    PriceActivate = "price.activate", "Вводить черновик цен в действие и возвращать прежние цены";
    /// See requests for approval.
    ApprovalView = "approval.view", "Видеть запросы на согласование";
    /// Ask for approval, add evidence, withdraw one's own request.
    ApprovalRequest = "approval.request", "Запрашивать согласование, прикладывать основания, отзывать свой запрос";
    /// See the audit of any record.
    AuditView = "audit.view", "Видеть аудит любой записи";
    /// See users, their roles, departments and tokens.
    StaffView = "staff.view", "Видеть сотрудников, их роли, отделы и токены";
    /// Add users, change and block them, make their tokens.
    StaffEdit = "staff.edit", "Заводить, менять и блокировать сотрудников, выпускать их токены";
    /// Give and take roles and rights, of one's own at most.
    StaffGrant = "staff.grant", "Давать и забирать роли и права, не больше собственных";
    /// Say what a role may, make and end roles; keep the departments, which say whom a head reaches.
    RoleEdit = "role.edit", "Определять права ролей, заводить и завершать роли; вести отделы, от которых зависит, кого видит руководитель";
    /// See clients, their contacts, notes and history.
    ClientView = "client.view", "Видеть клиентов, их контакты, примечания и историю";
    /// Make clients.
    ClientCreate = "client.create", "Заводить клиентов";
    /// Change clients.
    ClientEdit = "client.edit", "Менять клиентов";
    /// Delete clients without history.
    ClientDelete = "client.delete", "Удалять клиентов без истории";
    /// Change further contacts of clients.
    ContactEdit = "contact.edit", "Менять дополнительные контакты клиентов";
    /// Add users of clients, change and block them, set their passwords.
    ClientUserEdit = "client_user.edit", "Заводить, менять и блокировать пользователей клиентов, задавать им пароли";
    /// Work in the cabinet as a client, without paying.
    ClientWorkAs = "client.work_as", "Работать в кабинете от имени клиента, не оплачивая";
    /// Keep the payers of clients.
    PayerEdit = "payer.edit", "Вести плательщиков клиентов";
    /// Write, change and delete notes on clients.
    NoteEdit = "note.edit", "Писать, менять и удалять примечания о клиентах";
    /// Delete important notes too.
    NoteDeleteImportant = "note.delete_important", "Удалять и важные примечания";
    /// Take clients from another manager.
    ClientReassign = "client.reassign", "Забирать клиентов у другого менеджера";
    /// Take a client although another manager holds one who may be the same.
    ClientAssignOverride = "client.assign_override", "Закреплять клиента, даже если похожая карточка у другого менеджера";
    /// Hand a client who has paid over to support.
    ClientTransfer = "client.transfer", "Передавать оплатившего клиента на сопровождение";
    /// Clean and destroy personal data of clients.
    ClientClean = "client.clean", "Очищать и уничтожать персональные данные клиентов";
    /// Put accounts under a legal hold, and lift it.
    LegalHoldEdit = "legal_hold.edit", "Ставить и снимать запрет на уничтожение данных счёта";
    /// See agents.
    AgentView = "agent.view", "Видеть агентов";
    /// Make, change and close agents.
    AgentEdit = "agent.edit", "Заводить, менять и закрывать агентов";
    /// Give tags to clients and take them.
    TagAssign = "tag.assign", "Ставить клиентам теги и снимать их";
    /// Keep the tree of tags.
    TagEdit = "tag.edit", "Вести дерево тегов";
    /// Keep directories: labels of clients.
    DirectoryEdit = "directory.edit", "Вести справочники: метки клиентов";
    /// See our own companies and who is connected to them.
    EntityView = "entity.view", "Видеть собственные организации и подключённых к ним клиентов";
    /// Enter, change and close our own companies.
    EntityEdit = "entity.edit", "Заводить, менять и закрывать собственные организации";
    /// Change carriers.
    ProviderEdit = "provider.edit", "Менять провайдеров";
    /// See organisations, connected or not.
    PartyView = "party.view", "Видеть организации, подключённые и нет";
    /// Add organisations and change what is known of them.
    PartyEdit = "party.edit", "Заводить организации и менять сведения о них";
    /// Bring in files of the registry.
    PartyImport = "party.import", "Загружать файлы реестра организаций";
    /// See and change passports of persons.
    PartyPassport = "party.passport", "Видеть и менять паспорта физических лиц";
    /// See who was told about a liquidation.
    LiquidationView = "liquidation.view", "Видеть уведомления ликвидированным клиентам";
    /// Exclude clients from letters about their liquidation.
    LiquidationExclude = "liquidation.exclude", "Исключать клиентов из рассылки о ликвидации";
    /// See mails to clients.
    MailView = "mail.view", "Видеть письма клиентам";
    /// Send a mail that failed again.
    MailRetry = "mail.retry", "Повторять неотправленные письма";
    /// See jobs and their runs.
    JobView = "job.view", "Видеть задания и их запуски";
    /// Run a job by hand.
    JobRun = "job.run", "Запускать задания вручную";
    /// See the settings.
    SettingView = "setting.view", "Видеть настройки";
    /// Change a setting.
    SettingEdit = "setting.edit", "Менять настройки";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_permission_has_a_name_of_its_own_and_says_what_it_allows() {
        let names: BTreeSet<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
        assert_eq!(names.len(), Permission::ALL.len());
        for permission in Permission::ALL {
            let (ru, en) = permission.about();
            assert!(
                !en.is_empty() && !en.ends_with('.') && ru.chars().any(|letter| ('а'..='я').contains(&letter)),
                "{ru}"
            );
            assert_eq!(permission.as_str().parse(), Ok(*permission));
        }
        assert!("account.pay".parse::<Permission>().is_err(), "nobody pays for a client");
    }
}
