//! `POST /v1/me/totp/confirm`: turn a second factor on.
//!
//! Owns: what the request says, the bits of recovery codes.
//! Does not own: what is kept (`billing::sign_in`).
//! Always: recovery codes are in this answer and nowhere else; guesses at the code are counted.

use axum::extract::State;
use axum::response::Response;
use billing::sign_in;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{code_guesser_of, myself};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::sign_in::{count, let_guess, step, totp};
use crate::state::AppState;
use crate::writes::{self, Write};

/// A code. No `Debug`: it is a secret for as long as it is good.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownCode {
    /// Code of the application, six digits.
    code: String,
}

/// Recovery codes. No `Debug`: they are secrets.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each is good once instead of a code; shown this once, to be put away on paper.
    recovery_codes: Vec<String>,
}

/// Turn your second factor on
///
/// From now on the code is asked for beside the password. There is no `Idempotency-Key` here.
#[utoipa::path(
    post, path = "/v1/me/totp/confirm", operation_id = "my_totp_confirm", tag = "sign_in",
    request_body(content = ShownCode, example = json!({"code": "287082"})),
    responses((status = 200, description = "It is on", body = RecoveryCodes, example = json!({"recovery_codes": ["MFRG-GZDF-MZTW-Q2LK"]})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<ShownCode>,
) -> Result<Response, Problem> {
    writes::refuse_key(&context)?;
    let guesser = code_guesser_of(&context);
    let_guess(&state, &guesser).await?;
    let me = myself(&state, &context).await?;
    let begun = me.totp.as_ref().filter(|totp| !totp.is_confirmed).ok_or_else(|| {
        let detail = Text::fixed("Сначала начните: POST /v1/me/totp", "Begin first: POST /v1/me/totp");
        Problem::new(Code::InvalidTransition).because(detail)
    })?;
    let step = match step(&state, me.user_id, begun, &body.value.code) {
        Ok(step) => step,
        Err(problem) => {
            if problem.code() == Code::WrongCode {
                count(&state, &guesser, &context.actor, &me.login).await?;
            }
            return Err(problem);
        }
    };
    let mut recovery_codes = Vec::new();
    for _ in 0..totp::RECOVERY_CODES {
        recovery_codes.push(totp::recovery_code()?);
    }
    let digests: Vec<Vec<u8>> = recovery_codes.iter().filter_map(|code| totp::recovery_digest(code)).collect();
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    sign_in::confirm_totp(&mut change, &context.staff, &begun.secret, step, &digests).await?;
    writes::commit(change, &RecoveryCodes { recovery_codes }).await
}
