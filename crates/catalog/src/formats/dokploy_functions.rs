//! The functions of Dokploy's templates (there they are called helpers): `${password:32}`, `${uuid}`, `${jwt:…}` and the others. What they make is made at
//! each install; moments and ports that are made up there are settled here, so that a template is always translated alike.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::block::ShapeBlock;
use crate::formats::dokploy_values::{Make, Mark, Values, claims};

/// "Now", in seconds: any moment that is past does.
const NOW_SECONDS: u64 = 1_735_689_600;
/// When tokens end of which the template does not say it: the beginning of 2030, as in Dokploy.
const TOKEN_END_SECONDS: u64 = 1_893_456_000;
/// A port of the host that the template leaves to chance.
const RANDOM_PORT: u16 = 20_080;
/// Characters of one secret: some templates ask for fewer, which are soon guessed.
const CHARACTERS: (u16, u16) = (8, 512);
/// Random bytes of one in base64.
const BYTES: (u16, u16) = (6, 384);

/// What stands for a helper in the text of `holder`; `None` where it is no helper.
pub(super) fn value(values: &mut Values<'_>, helper: &str, holder: &str) -> Option<String> {
    let (kind, argument) = helper.split_once(':').unwrap_or((helper, ""));
    let length = |otherwise: u16, (least, most): (u16, u16)| {
        argument.parse().ok().filter(|length| *length > 0).unwrap_or(otherwise).clamp(least, most)
    };
    let made = |make: Make| Mark::Made { make, wish: wish(holder), name: None };
    let secret = |shape: ShapeBlock| made(Make::Secret(shape));
    let mark = match kind {
        "domain" => Mark::Host(None),
        "password" => secret(ShapeBlock::Lowercase(length(16, CHARACTERS))),
        "base64" => secret(ShapeBlock::Base64(length(32, BYTES))),
        "hash" => secret(ShapeBlock::Hex(length(8, CHARACTERS))),
        "uuid" => secret(ShapeBlock::Uuid),
        "username" => made(Make::UserName),
        "email" => made(Make::Email),
        "jwt" => match argument.parse::<u16>() {
            Ok(bytes) => secret(ShapeBlock::Hex(bytes.saturating_mul(2).clamp(CHARACTERS.0, CHARACTERS.1))),
            Err(_) => made(token(values, argument, holder)?),
        },
        "timestamp" | "timestampms" => return Some((moment(argument)? * 1000).to_string()),
        "timestamps" => return Some(moment(argument)?.to_string()),
        "randomPort" => return Some(RANDOM_PORT.to_string()),
        _ => return None,
    };
    values.mark(mark)
}

/// `secret:payload`, each the name of a variable, or nothing.
fn token(values: &mut Values<'_>, argument: &str, holder: &str) -> Option<Make> {
    let (secret, payload) = argument.split_once(':').unwrap_or((argument, ""));
    let text = values.variable(secret).unwrap_or_default();
    let key = match values.only_mark(&text) {
        Some((index, Mark::Made { make: Make::Secret(_), .. })) => index,
        // Signed with what is known to nobody, or is the same for everybody: with a secret of its own.
        _ => {
            let wish = format!("{}_key", wish(holder));
            let make = Make::Secret(ShapeBlock::Hex(64));
            let text = values.mark(Mark::Made { make, wish, name: None })?;
            values.only_mark(&text)?.0
        }
    };
    let mut claims: Map<String, Value> = claims(&values.variable(payload).unwrap_or_default());
    for (claim, value) in
        [("iss", json!("dokploy")), ("iat", json!(NOW_SECONDS)), ("exp", json!(TOKEN_END_SECONDS))]
    {
        claims.entry(claim).or_insert(value);
    }
    Some(Make::Jwt { key, claims: Value::Object(claims) })
}

/// A moment in seconds: the one that is written, or "now". `None` where it is no moment.
fn moment(text: &str) -> Option<u64> {
    if text.is_empty() {
        return Some(NOW_SECONDS);
    }
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let time = humantime::parse_rfc3339_weak(&whole).ok()?;
    time.duration_since(UNIX_EPOCH).as_ref().map(Duration::as_secs).ok()
}

fn wish(holder: &str) -> String {
    if holder.is_empty() { "secret".to_owned() } else { holder.to_owned() }
}
