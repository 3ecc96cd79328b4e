//! `DELETE /v1/me/totp`: turn one's second factor off.
//!
//! Owns: what the request says.
//! Does not own: what is kept (`billing::sign_in`).
//! Always: it is shown once more; where the setting `signin.totp` requires one, the session may only enrol another afterwards.

use axum::extract::State;
use axum::response::Response;
use billing::sign_in::{self, SignInError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{code_guesser_of, myself};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::given;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::sign_in::{count, factor, let_guess};
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// The second factor, one last time. No `Debug`: it is a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LastCode {
    /// Code of the application, six digits.
    #[serde(default)]
    code: Option<String>,
    /// A recovery code instead of it.
    #[serde(default)]
    recovery_code: Option<String>,
}

/// Turn your second factor off
#[utoipa::path(
    delete, path = "/v1/me/totp", operation_id = "my_totp_end", tag = "sign_in",
    request_body(content = LastCode, example = json!({"code": "287082"})),
    responses((status = 200, description = "It is off", body = Named, example = json!({"code": "petrova"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<LastCode>,
) -> Result<Response, Problem> {
    writes::refuse_key(&context)?;
    let guesser = code_guesser_of(&context);
    let_guess(&state, &guesser).await?;
    let me = myself(&state, &context).await?;
    let (code, recovery_code) = (given(body.value.code.as_deref()), given(body.value.recovery_code.as_deref()));
    let shown = match factor(&state, &me, code, recovery_code) {
        Ok(shown) => shown.ok_or_else(|| {
            Problem::new(Code::InvalidTransition)
                .because(Text::fixed("Второй фактор не подключён", "There is no second factor"))
        })?,
        Err(problem) => {
            if problem.code() == Code::WrongCode {
                count(&state, &guesser, &context.actor, &me.login).await?;
            }
            return Err(problem);
        }
    };
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    match sign_in::end_totp(&mut change, &context.staff, &shown).await {
        Ok(()) => writes::commit(change, &Named { code: me.login }).await,
        Err(SignInError::Spent) => {
            drop(change);
            count(&state, &guesser, &context.actor, &me.login).await?;
            Err(Problem::new(Code::WrongCode))
        }
        Err(error) => Err(error.into()),
    }
}
