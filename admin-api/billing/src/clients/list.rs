//! The list of clients: how staff find whom they serve (M1, M3, B38).
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: the card (`card`), how a list is read (`grid`).
//! Always: all filters hold together, wherever they come from (M3); what names a client or holds few has an index. City, contact person and `inactive` have none:
//! they look at all clients.

use super::{are_words, in_words};
use crate::grid::{Column, Filter, Found, Grid, Part, Read, Value, begins_a_word};
use crate::terms::BY_GROUP;

/// Whether a client has a number in work; else NULL. Not EXISTS, which the planner would answer by a look at all numbers for the sake of one page.
macro_rules! in_work {
    () => {
        "(SELECT true FROM account a JOIN did d ON d.account_id = a.id AND d.status = 'in_work' WHERE a.client_id = c.id LIMIT 1)"
    };
}

const AGENT_TYPES: &[&str] = &["partner", "licensee", "own"];

/// Clients.
pub static GRID: Grid = Grid {
    name: "clients",
    ru: "Клиенты",
    en: "Clients",
    from: "client c LEFT JOIN party p ON p.id = c.party_id LEFT JOIN client_label l ON l.id = c.label_id LEFT JOIN staff_user m ON m.id = c.manager_id LEFT JOIN agent g ON g.id = c.agent_id",
    key: "c.id",
    columns: &[
        Column::number("id", "c.id", "№", "Number", "17").sorted(),
        Column::text("code", "c.code", "Код", "Code", "C-000017").sorted_by("c.code_key"),
        Column::text("name", "c.name", "Название", "Name", "ООО «Строй Сервис»").sorted_by("c.name_key"),
        Column::text("kind", "p.kind", "Вид лица", "Kind of party", "legal"),
        Column::text("inn", "p.inn", "ИНН", "INN", "7707083893"),
        Column::text("kpp", "p.kpp", "КПП", "KPP", "770701001"),
        Column::text("city", "p.city", "Город", "City", "Москва"),
        Column::text("contact_person", "c.contact_person", "Контактное лицо", "Contact person", "Анна Орлова"),
        Column::text("email", "c.email", "Почта", "E-mail", "stroy@example.ru"),
        Column::text("phone", "c.phone", "Телефон", "Phone", "8 (495) 200-0-201"),
        Column::text("country", "c.country::text", "Страна", "Country", "RU"),
        Column::text("label", "l.name", "Метка", "Label", "VIP"),
        Column::text("characteristic", "c.characteristic", "Характеристика", "Characteristic", "ordinary"),
        Column::text("manager", "m.login", "Менеджер", "Manager", "ivanova"),
        Column::text("agent", "g.code", "Агент", "Agent", "A-1"),
        Column::text("agent_type", "g.type", "Тип агента", "Type of agent", "partner"),
        Column::text("stage", "c.stage", "Стадия", "Stage", "sales"),
        Column::words(
            "accounts",
            "array(SELECT a.code FROM account a WHERE a.client_id = c.id ORDER BY a.code LIMIT 100)",
            "Лицевые счета",
            "Accounts",
            "A-000017",
        ),
        Column::text(
            "state",
            concat!("CASE WHEN ", in_work!(), " THEN 'active' ELSE 'inactive' END"),
            "Состояние",
            "State",
            "active",
        ),
        Column::flag("active", "c.active", "Действует", "Active", "true"),
        Column::moment("registered_at", "c.registered_at", "Зарегистрирован", "Registered", "2026-07-01T10:00:00Z")
            .sorted(),
    ],
    filters: &[
        Filter::new(
            "q",
            ANYTHING,
            Read::Anything,
            "Что угодно: название, код, счёт, ИНН, телефон, номер, почта",
            "Anything: name, code, account, INN, phone, number, e-mail",
        )
        .found_by(ANYTHING_FOUND),
        Filter::new("name", "c.name_key LIKE {}", Read::Pattern, "Название или фамилия", "Name of company or person")
            .found(
                concat!(
                    "SELECT n.client_id AS id, n.tail AS place FROM client_name_tail n WHERE ",
                    in_words!("{}"),
                    " ORDER BY place, id"
                ),
                are_words,
            ),
        Filter::new("party_name", "p.name_key LIKE {}", Read::Pattern, "Название по реестру", "Name in the registry"),
        Filter::new(
            "code",
            "c.code_key = upper(regexp_replace({}, '[^[:alnum:]]', '', 'g'))",
            Read::Word,
            "Код; пробелы и дефисы не важны",
            "Code, whatever its punctuation",
        ),
        Filter::new(
            "account",
            "c.id = (SELECT a.client_id FROM account a WHERE a.code_key = upper(regexp_replace({}, '[^[:alnum:]]', '', 'g')) ORDER BY a.id LIMIT 1)",
            Read::Word,
            "Номер лицевого счёта",
            "Account",
        ),
        Filter::new("inn", "p.inn = {}", Read::Word, "ИНН", "INN"),
        Filter::new(
            "kind",
            "p.kind = {}",
            Read::OneOf(&["legal", "sole_proprietor", "natural"]),
            "Вид лица",
            "Kind of party",
        ),
        Filter::new(
            "number",
            "c.id = (SELECT a.client_id FROM did d JOIN account a ON a.id = d.account_id WHERE d.number = {})",
            Read::Phone,
            "Номер нашей ёмкости у клиента",
            "A DID of his",
        ),
        Filter::new(
            "phone",
            "c.phone_key = {} OR c.id = ANY(array(SELECT k.client_id FROM contact k WHERE k.phone_key = {} AND k.ended_at IS NULL))",
            Read::Phone,
            "Телефон: основной или одного из контактов",
            "Phone, his main one or of a contact",
        ),
        Filter::new(
            "email",
            "lower(c.email) = lower({}) OR c.id = ANY(array(SELECT k.client_id FROM contact k WHERE lower(k.email) = lower({}) AND k.ended_at IS NULL))",
            Read::Word,
            "Почта: основная или одного из контактов",
            "E-mail, his main one or of a contact",
        ),
        Filter::new(
            "contact_person",
            "search_key(c.contact_person) LIKE {}",
            Read::Pattern,
            "Контактное лицо",
            "Contact person",
        ),
        Filter::new("city", "search_key(p.city) LIKE {}", Read::Pattern, "Город", "City"),
        Filter::new(
            "label",
            "c.label_id = (SELECT x.id FROM client_label x WHERE lower(x.name) = lower({}))",
            Read::Word,
            "Метка",
            "Label",
        ),
        Filter::new(
            "characteristic",
            "c.characteristic = {}",
            Read::OneOf(&["ordinary", "good", "conflict"]),
            "Характеристика",
            "Characteristic",
        ),
        Filter::new(
            "manager",
            "c.manager_id = (SELECT u.id FROM staff_user u WHERE lower(u.login) = lower({}))",
            Read::Word,
            "Менеджер",
            "Manager",
        ),
        // Folded to one of the two before it is planned, and the first has an index.
        Filter::new(
            "mine",
            "CASE WHEN {} THEN c.manager_id = {caller} ELSE c.manager_id IS DISTINCT FROM {caller} END",
            Read::Flag,
            "Мои или не мои",
            "Mine, or not mine",
        ),
        Filter::new("without_manager", "(c.manager_id IS NULL) = {}", Read::Flag, "Без менеджера", "Without a manager"),
        Filter::new(
            "state",
            STATE,
            Read::OneOf(&["active", "inactive"]),
            "Состояние: есть ли услуги в работе",
            "State: whether services are in work",
        ),
        Filter::new("active", "c.active = {}", Read::Flag, "Действует", "Active"),
        Filter::new("country", "c.country = {}", Read::Word, "Страна", "Country"),
        Filter::new("agent", "g.code = {}", Read::Word, "Код агента", "Code of the agent"),
        Filter::new("without_agent", "(c.agent_id IS NULL) = {}", Read::Flag, "Без агента", "Without an agent"),
        Filter::new("agent_type", "g.type = {}", Read::OneOf(AGENT_TYPES), "Тип агента", "Type of agent"),
        Filter::new(
            "agent_type_not",
            "g.type IS DISTINCT FROM {}",
            Read::OneOf(AGENT_TYPES),
            "Кроме агентов этого типа",
            "Type of agent that is left out",
        ),
        Filter::new("stage", "c.stage = {}", Read::OneOf(&["lead", "sales", "support"]), "Стадия", "Stage"),
        Filter::new(
            "lead_state",
            "c.lead_state = {}",
            Read::OneOf(&["invited", "connected", "refused"]),
            "Что стало с приглашением",
            "What became of the invitation",
        ),
        Filter::new(
            "tag",
            "EXISTS (SELECT FROM tag_assignment x WHERE x.client_id = c.id AND x.tag_id = {} AND x.removed_at IS NULL)",
            Read::Number,
            "Номер тега",
            "Identifier of a tag",
        ),
        Filter::new(
            "gdpr_state",
            "c.gdpr_state = {}",
            Read::OneOf(&["none", "cleaned", "destroyed"]),
            "Состояние очистки данных",
            "Cleaning of data",
        ),
        BY_GROUP,
        Filter::new(
            "legal_entity",
            "EXISTS (SELECT FROM account a JOIN legal_entity e ON e.id = a.legal_entity_id WHERE a.client_id = c.id AND e.code = {})",
            Read::Word,
            "Собственная организация, у которой есть лицевой счёт (код)",
            "Legal entity where he has an account",
        ),
        Filter::new("registered_from", "c.registered_at >= {}", Read::From, "Зарегистрирован с", "Registered from"),
        Filter::new("registered_to", "c.registered_at < {}", Read::To, "Зарегистрирован по", "Registered to"),
    ],
    order: "name",
    required: &[],
    keys_first: true,
};

/// Clients whom the words of [`Read::Anything`] name exactly, by one index each: the place of the word, and the statement.
macro_rules! exactly {
    ($with:ident) => {
        $with!(
            (2, "SELECT x.id FROM client x WHERE x.code_key = ({})[2]"),
            (2, "SELECT a.client_id FROM account a WHERE a.code_key = ({})[2]"),
            (3, "SELECT x.id FROM party p JOIN client x ON x.party_id = p.id WHERE p.inn = ({})[3]"),
            (4, "SELECT x.id FROM client x WHERE x.phone_key = ({})[4]"),
            (4, "SELECT a.client_id FROM did d JOIN account a ON a.id = d.account_id WHERE d.number = ({})[4]"),
            (4, "SELECT k.client_id FROM contact k WHERE k.ended_at IS NULL AND k.phone_key = ({})[4]"),
            (5, "SELECT x.id FROM client x WHERE lower(x.email) = ({})[5]"),
            (5, "SELECT k.client_id FROM contact k WHERE k.ended_at IS NULL AND lower(k.email) = ({})[5]")
        )
    };
}

/// All of them as one statement.
macro_rules! together {
    (($first:literal, $sql:literal) $(, ($place:literal, $more:literal))*) => {
        concat!($sql $(, " UNION ALL ", $more)*)
    };
}

/// Each for the words that are there.
macro_rules! parts {
    ($(($place:literal, $sql:literal)),*) => {
        &[$(Part { holds: |value| has_word(value, $place), sql: $sql }),*]
    };
}

/// Whether the word at this place, counted from 1, is there.
fn has_word(value: &Value, place: usize) -> bool {
    matches!(value, Value::Words(meant) if !meant[place - 1].is_empty())
}

/// By a name with such words, or exactly. The CASE is gone before the planner looks: where no name can be meant, nothing tempts it to walk along the names.
const ANYTHING: &str = concat!(
    "CASE WHEN ({})[1] <> '' THEN c.name_key LIKE ({})[1] OR c.id = ANY(array(",
    exactly!(together),
    ")) ELSE c.id = ANY(array(",
    exactly!(together),
    ")) END"
);

/// The same: first whom the words name exactly, then by names from the word on that was found. Each has its order, or the planner would sort them all.
const ANYTHING_FOUND: Found = Found {
    sql: concat!(
        "(SELECT n.client_id AS id, n.tail AS place FROM client_name_tail n WHERE ",
        in_words!("({})[1]"),
        " ORDER BY place, id) UNION ALL (SELECT DISTINCT e.id, '' COLLATE \"C\" AS place FROM ({parts}) AS e (id)
         JOIN client y ON y.id = e.id WHERE y.name_key NOT LIKE ({})[1] ORDER BY place, id)"
    ),
    parts: exactly!(parts),
    finds: |value| matches!(value, Value::Words(meant) if meant[0].is_empty() || begins_a_word(&meant[0])),
};

/// The CASE is gone before the planner looks, as in [`ANYTHING`]: many are active, so a page of them is full soon; few are not, and those are looked for.
const STATE: &str = concat!(
    "CASE WHEN {} = 'active' THEN ",
    in_work!(),
    " ELSE NOT EXISTS (SELECT FROM account a JOIN did d ON d.account_id = a.id AND d.status = 'in_work' WHERE a.client_id = c.id) END"
);
