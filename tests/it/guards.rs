//! What holds for every route of the API, whichever there are: the description that it serves is the list.

use chrono::Utc;
use serde_json::{Value, json};
use tests::World;

use crate::api::{Api, ROLES};

/// A route as the served description has it.
struct Described {
    method: String,
    path: String,
    /// Name of its first parameter, which stands for a record; empty = none.
    subject: String,
    /// `None`: any valid token is enough, or a session.
    permission: Option<String>,
    /// Of the cabinet: `None`: any session is enough.
    right: Option<String>,
    /// Whether somebody has to be there himself: an API token is not enough.
    in_session: bool,
    entity: String,
}

fn described(document: &Value) -> Vec<Described> {
    let quoted = |text: &str, before: &str| {
        let (_, rest) = text.split_once(&format!("{before}: `"))?;
        rest.split('`').next().map(str::to_owned)
    };
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(_, it)| it["security"].is_array()) {
            let text = operation["description"].as_str().unwrap();
            routes.push(Described {
                method: method.to_uppercase(),
                path: path.replace(['{', '}'], ""),
                subject: path.split(['{', '}']).nth(1).unwrap_or_default().to_owned(),
                permission: quoted(text, "Permission"),
                right: quoted(text, "Right"),
                in_session: text.contains("an API token is not enough"),
                entity: quoted(text, "Audit").unwrap_or_else(|| panic!("no entity in `{text}`")),
            });
        }
    }
    routes
}

/// Without a token 401; without the permission 403 with its name (M66), and the attempt is in the audit.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_refuses_strangers_and_those_without_the_permission() {
    let world = World::new(1).await;
    let api = Api::serve(&world, Utc::now()).await;
    let nobody = somebody_without_roles(&api).await;
    let user = client_user_without_rights(&api).await;
    let visitor = signed_in(&api).await;
    let routes = described(&api.get("/openapi.json", "").await.body);
    assert!(routes.len() > 30, "{}", routes.len());
    for route in routes {
        let Described { method, path, subject, permission, right, in_session, entity } = route;
        let stranger = api.ask(&method, &path, "", &[], None).await;
        assert_eq!((stranger.status, &stranger.body["code"]), (401, &"unauthorized".into()), "{method} {path}");
        if path.starts_with("/v1/cabinet/") {
            refuses_in_the_cabinet(&api, (&method, &path), right.as_deref(), (&entity, &subject), &user).await;
            continue;
        }
        let of_client = api.ask(&method, &path, "", &[("Authorization", &visitor)], None).await;
        assert_eq!((of_client.status, &of_client.body["code"]), (401, &"unauthorized".into()), "{method} {path}");

        let Some(permission) = permission else {
            if in_session {
                let answer = api.ask(&method, &path, "admin", &[], None).await;
                assert_eq!((answer.status, &answer.body["code"]), (403, &"session_needed".into()), "{method} {path}");
                continue;
            }
            assert_eq!(api.ask(&method, &path, "support", &[], None).await.status, 200, "{method} {path}");
            continue;
        };
        let english = [("Accept-Language", "en")];
        let mut refused = None;
        for role in ROLES {
            let answer = api.ask(&method, &path, role, &english, None).await;
            if answer.status == 403 {
                refused = Some((role, answer));
                break;
            }
        }
        let (role, answer) = if let Some(refused) = refused {
            refused
        } else {
            // Every role has the permission: somebody without roles lacks it.
            let headers = [english[0], ("Authorization", nobody.as_str())];
            ("nobody", api.ask(&method, &path, "", &headers, None).await)
        };
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (403, &"forbidden".into()),
            "{method} {path} is open to everybody"
        );
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(&permission), "{method} {path}: {detail}");
        // The first parameter names the record; a list has none.
        if subject.is_empty() {
            continue;
        }
        let audit = api.get(&format!("/v1/audit/{entity}/{subject}"), "admin").await;
        let lines = audit.body["items"].as_array().unwrap();
        let found = lines
            .iter()
            .any(|line| line["login"] == role && line["action"] == permission.as_str() && line["outcome"] == "refused");
        assert!(found, "{method} {path}: {}", audit.body);
    }
    world.drop().await;
}

/// Staff are strangers in the cabinet; a user of the client without the right is told its name, and the attempt is in the audit.
async fn refuses_in_the_cabinet(
    api: &Api,
    (method, path): (&str, &str),
    right: Option<&str>,
    (entity, subject): (&str, &str),
    user: &str,
) {
    let staff = api.ask(method, path, "admin", &[], None).await;
    assert_eq!((staff.status, &staff.body["code"]), (401, &"unauthorized".into()), "{method} {path}");
    // Anew each time: one of the routes ends the session.
    let visitor = signed_in(api).await;
    let headers = [("Accept-Language", "en"), ("Authorization", visitor.as_str())];
    let answer = api.ask(method, path, "", &headers, None).await;
    let Some(right) = right else {
        // A write without a body gets past the door all the same.
        assert!(![401, 403].contains(&answer.status), "{method} {path}: {}", answer.body);
        return;
    };
    assert_eq!((answer.status, &answer.body["code"]), (403, &"forbidden".into()), "{method} {path}: {}", answer.body);
    assert!(answer.body["detail"].as_str().unwrap().contains(right), "{method} {path}: {}", answer.body);
    if subject.is_empty() {
        return;
    }
    let audit = api.get(&format!("/v1/audit/{entity}/{subject}"), "admin").await;
    let action = format!("cabinet.{right}");
    let found = audit.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .any(|line| line["login"] == user && line["action"] == action.as_str() && line["outcome"] == "refused");
    assert!(found, "{method} {path}: {}", audit.body);
}

const GIVEN_PASSWORD: &str = "0123456789";
const OWN_PASSWORD: &str = "four boats on a lake";

/// A user of a client who may nothing, with a password of his own; what the audit calls him.
async fn client_user_without_rights(api: &Api) -> String {
    let user = json!({
        "email": "nobody@example.ru", "name": "N", "password": GIVEN_PASSWORD, "confirmation": GIVEN_PASSWORD, "reason": "test",
    });
    let added = api.ask("POST", "/v1/clients/c1/users", "admin", &[], Some(user)).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let session = signed_in_with(api, GIVEN_PASSWORD).await;
    let chosen = json!({"old_password": GIVEN_PASSWORD, "new_password": OWN_PASSWORD});
    let headers = [("Authorization", session.as_str())];
    let done = api.ask("POST", "/v1/cabinet/password", "", &headers, Some(chosen)).await;
    assert_eq!(done.status, 200, "{}", done.body);
    format!("client:{}", added.body["id"])
}

/// The header of a session of his.
async fn signed_in(api: &Api) -> String {
    signed_in_with(api, OWN_PASSWORD).await
}

async fn signed_in_with(api: &Api, password: &str) -> String {
    let who = json!({"login": "nobody@example.ru", "password": password});
    let made = api.ask("POST", "/v1/cabinet/session", "", &[], Some(who)).await;
    format!("Bearer {}", made.body["token"].as_str().unwrap())
}

/// The header of a user who has a token and no permission.
async fn somebody_without_roles(api: &Api) -> String {
    let user = json!({"login": "nobody", "name": "N", "reason": "test"});
    assert_eq!(api.ask("POST", "/v1/staff", "admin", &[], Some(user)).await.status, 201);
    let token = json!({"name": "t", "days": 1, "reason": "test"});
    let made = api.ask("POST", "/v1/staff/nobody/tokens", "admin", &[], Some(token)).await;
    format!("Bearer {}", made.body["token"].as_str().unwrap())
}
