//! The tour at the top of the page: a client with an account and a plan, and his calls.
//!
//! Owns: the steps, as commands to be typed.
//! Does not own: the operations.
//! Always: a step whose operation this program lacks is left out; a step names the operation, whose entry says everything about it.

use std::fmt::Write as _;

use serde_json::Value;

use super::render::{escaped, said};
use crate::language::{Language, Text};

/// Title of the tour.
pub(super) const TITLE: Text = Text::fixed(
    "Знакомство: клиент со счётом и тарифным планом, и его звонки",
    "A tour: a client with an account and a tariff plan, and his calls",
);

/// The address in the commands, where nobody says a better one.
pub(super) const ADDRESS: &str = "http://localhost:8080";

/// A step: the operation that it needs (empty: none), what it is for, what is typed. What stands for a value of an answer before is an ellipsis, so that nobody
/// sends the example of another system.
struct Step {
    operation: &'static str,
    about: Text,
    command: &'static str,
}

const STEPS: [Step; 13] = [
    Step {
        operation: "",
        about: Text::fixed(
            "Токен. Его выдаёт администратор системы: `POST /v1/staff/{login}/tokens`; первого администратора заводит на сервере `admin-api token --login me --role admin`. По паролю входят через `POST /v1/session`: ответ — тоже токен.",
            "A token. The administrator of the system gives it: `POST /v1/staff/{login}/tokens`; the first administrator comes from `admin-api token --login me --role admin` on the server. With a password it is `POST /v1/session`, whose answer is a token too.",
        ),
        command: "TOKEN=…\nAPI=http://localhost:8080",
    },
    Step {
        operation: "me",
        about: Text::fixed("Кто вы и что вам можно.", "Who you are, and what you may."),
        command: "curl -H \"Authorization: Bearer $TOKEN\" $API/v1/me",
    },
    Step {
        operation: "legal_entities_list",
        about: Text::fixed(
            "Собственные организации: возьмите код одной из них, `items[].code`, он понадобится для счёта.",
            "Our own companies: take the code of one of them, `items[].code`, for the account.",
        ),
        command: "curl -H \"Authorization: Bearer $TOKEN\" \"$API/v1/legal-entities?closed=false\"\nENTITY=…  # items[].code",
    },
    Step {
        operation: "plans_list",
        about: Text::fixed(
            "Тарифные планы: тоже возьмите код одного из них.",
            "Tariff plans: take the code of one of them, too.",
        ),
        command: "curl -H \"Authorization: Bearer $TOKEN\" $API/v1/plans\nPLAN=…    # items[].code",
    },
    Step {
        operation: "client_create",
        about: Text::fixed(
            "Клиент. Ответ называет его код и тех, кто может оказаться тем же самым. С тем же `Idempotency-Key` повтор ничего не удвоит. Почта у каждого клиента своя: на занятую ответ — 409 `email_in_use`.",
            "A client. The answer names his code, and clients who may be the same. With the same `Idempotency-Key` a repetition doubles nothing. Each client has an e-mail of his own: one that is taken is answered with 409 `email_in_use`.",
        ),
        command: "curl -X POST -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -H 'Idempotency-Key: tour-1' \\\n     -d '{\"name\": \"ООО «Строй Сервис»\", \"email\": \"stroy@example.ru\", \"reason\": \"заявка с сайта\"}' $API/v1/clients\nCLIENT=…  # code",
    },
    Step {
        operation: "client_get",
        about: Text::fixed(
            "Его карточка. Заголовок `ETag` понадобится, чтобы не потерять чужое изменение.",
            "His card. The header `ETag` keeps you from losing somebody else's change.",
        ),
        command: "curl -i -H \"Authorization: Bearer $TOKEN\" $API/v1/clients/$CLIENT",
    },
    Step {
        operation: "account_open",
        about: Text::fixed(
            "Лицевой счёт на тарифном плане: кто выставляет счета, предоплата, без кредита.",
            "An account on a tariff plan: who issues its invoices, prepaid, no credit.",
        ),
        command: "curl -X POST -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -H 'Idempotency-Key: tour-2' \\\n     -d \"{\\\"client\\\": \\\"$CLIENT\\\", \\\"legal_entity\\\": \\\"$ENTITY\\\", \\\"plan\\\": \\\"$PLAN\\\", \\\"payment_mode\\\": \\\"prepaid\\\", \\\"credit_policy\\\": \\\"none\\\", \\\"reason\\\": \\\"договор 12\\\"}\" \\\n     $API/v1/accounts\nACCOUNT=… # code",
    },
    Step {
        operation: "account_get",
        about: Text::fixed("Баланс и условия счёта.", "Balance and terms of an account."),
        command: "curl -H \"Authorization: Bearer $TOKEN\" $API/v1/accounts/$ACCOUNT",
    },
    Step {
        operation: "tariff_check",
        about: Text::fixed("Сколько будет стоить звонок, и почему.", "What a call is going to cost, and why."),
        command: "curl -H \"Authorization: Bearer $TOKEN\" \"$API/v1/tariff-check?account=$ACCOUNT&number=381114112060&seconds=75\"",
    },
    Step {
        operation: "search",
        about: Text::fixed(
            "Новый счёт ещё без звонков. Счёт, по которому звонят, найдёт поиск — по названию клиента, коду, ИНН, телефону, номеру, почте — или список `GET /v1/accounts`.",
            "The new account has no calls yet. One that people call by is found by a search — for the name of a client, a code, an INN, a phone, a number, an e-mail — or in the list `GET /v1/accounts`.",
        ),
        command: "curl -G -H \"Authorization: Bearer $TOKEN\" --data-urlencode 'q=строй серв' $API/v1/search\ncurl -H \"Authorization: Bearer $TOKEN\" \"$API/v1/accounts?active=true&limit=10\"\nACCOUNT=… # clients.items[].accounts[], items[].code",
    },
    Step {
        operation: "account_traffic",
        about: Text::fixed(
            "В каких месяцах у счёта есть звонки, и какие у них услуги.",
            "The months in which the account has calls, and the services of these.",
        ),
        command: "curl -H \"Authorization: Bearer $TOKEN\" $API/v1/accounts/$ACCOUNT/traffic\nMONTH=…   # items[].month\nSERVICE=… # items[].services[].service",
    },
    Step {
        operation: "account_calls",
        about: Text::fixed(
            "Звонки счёта с начала этого месяца; `service` обязателен. `next_cursor` ответа — `cursor` следующей страницы.",
            "Calls of the account since the beginning of that month; `service` is obligatory. `next_cursor` of the answer is `cursor` of the next page.",
        ),
        command: "curl -H \"Authorization: Bearer $TOKEN\" \"$API/v1/accounts/$ACCOUNT/calls?service=$SERVICE&from=$MONTH-01&limit=10\"\nCALL=…    # items[].id",
    },
    Step {
        operation: "charge_why",
        about: Text::fixed(
            "Почему звонок стоит столько: текст, который можно прочитать клиенту.",
            "Why a call costs what it costs: a text to be read to the customer.",
        ),
        command: "curl -H \"Authorization: Bearer $TOKEN\" \"$API/v1/charges/$CALL/why?format=text\"",
    },
];

/// Writes the tour of what this document has.
pub(super) fn write(page: &mut String, document: &Value, language: Language) {
    let _ = write!(page, "<section><h2 id=\"tour\">{}</h2><ol>", escaped(TITLE.spoken(language)));
    for step in STEPS.iter().filter(|step| exists(document, step.operation)) {
        let _ = write!(page, "<li><p>{}", said(step.about.spoken(language)));
        if !step.operation.is_empty() {
            let _ = write!(page, " <a href=\"#op-{0}\">{0}</a>", step.operation);
        }
        let _ = write!(page, "</p><pre>{}</pre>", escaped(step.command));
    }
    page.push_str("</ol></section>\n");
}

fn exists(document: &Value, operation: &str) -> bool {
    let items = document["paths"].as_object().into_iter().flatten().filter_map(|(_, item)| item.as_object());
    operation.is_empty() || items.flatten().any(|(_, one)| one["operationId"] == operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tour_leads_from_a_client_to_his_calls() {
        let document: Value = serde_json::from_str(&crate::openapi::openapi_json()).unwrap();
        let mut page = String::new();
        write(&mut page, &document, Language::English);
        // Steps of operations that are gone are left out of the page, but not unnoticed.
        for step in &STEPS {
            assert!(exists(&document, step.operation), "{} is gone", step.operation);
        }
        for operation in ["client_create", "client_get", "account_open", "account_get", "account_calls", "charge_why"] {
            assert!(page.contains(&format!("#op-{operation}")), "{operation}");
        }
        // What a step needs of another system is looked up before: no code of an example is sent.
        let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words} is gone"));
        for (looked_up, used) in [
            ("/v1/legal-entities", "$ENTITY"),
            ("/v1/plans", "$PLAN"),
            ("/v1/search", "SERVICE=…"),
            ("/traffic", "service=$SERVICE"),
        ] {
            assert!(place(looked_up) < place(used), "{looked_up}");
        }
        assert_eq!(page.matches(ADDRESS).count(), 1, "the address of another server is put in one place");
        assert!(!exists(&document, "no_such_operation"));
    }
}
