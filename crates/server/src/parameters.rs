//! What was given for an interface's parameters: query, form and JSON, merged as the contract says.
//!
//! Only the shape is judged here. What is missing or wrong in meaning is the interface's business.

use axum::http::{HeaderMap, Method, Uri, header};
use bytes::Bytes;
use domain::settings::Given;
use domain::{ErrorCode, GivenSettings, Secret, SettingError};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use crate::error::{Malformed, Refusal};
use crate::limits::{PARAMETER_BYTES_MAX, PARAMETERS_MAX};

/// The parameters that an interface knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Their names.
    pub(crate) names: &'static [&'static str],
    /// Those that JSON may also give as a number or a boolean. The others are strings.
    pub(crate) literals: &'static [&'static str],
    /// Those that are objects. In JSON they may be of any type: what is no object has a code of its own.
    pub(crate) objects: &'static [&'static str],
}

/// The values given for the parameters that an interface knows, trimmed. There may be passwords among them.
#[derive(PartialEq, Eq)]
pub(crate) struct Parameters(Values);

impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Each known parameter that stands in one place, with its value; `None` is JSON's `null`.
type Values = Vec<(&'static str, Option<String>)>;

impl Parameters {
    /// Reads the query, and for POST the body; of parameters that are not `known` nothing is kept.
    pub(crate) fn read(
        known: Known,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Self, Malformed> {
        let in_query = from_form(known, uri.query().unwrap_or_default().as_bytes())?;
        let in_body = if *method == Method::POST && !body.is_empty() {
            from_body(known, headers, body)?
        } else {
            Values::new()
        };
        let mut merged = in_body;
        merged.retain(|(_, value)| value.is_some());
        for (name, value) in in_query {
            if merged.iter().all(|(known, _)| *known != name) {
                merged.push((name, value));
            }
        }
        let is_too_long = |(name, value): &&(&'static str, Option<String>)| {
            !known.objects.contains(name)
                && value.as_ref().is_some_and(|value| value.len() > PARAMETER_BYTES_MAX)
        };
        match merged.iter().find(is_too_long) {
            Some((name, _)) => Err(Malformed::ParameterTooLong(name)),
            None => Ok(Self(merged)),
        }
    }

    /// The value of a parameter that must not be blank; `blank` is the code if it is.
    pub(crate) fn required(&self, name: &str, blank: ErrorCode) -> Result<&str, Refusal> {
        self.optional(name).ok_or(Refusal::Blank(blank))
    }

    /// The value of `limit`, from 1 to `max`; `default` where it is blank.
    pub(crate) fn limit(&self, default: usize, max: usize) -> Result<usize, Refusal> {
        let Some(text) = self.optional("limit") else { return Ok(default) };
        let limit = text.parse().ok().filter(|limit| (1..=max).contains(limit));
        limit.ok_or(Refusal::Format(ErrorCode::LimitFormat))
    }

    /// Whether `true` is given; blank is as good as `false`, and `format` the code of anything else.
    pub(crate) fn flag(&self, name: &str, format: ErrorCode) -> Result<bool, Refusal> {
        let Some(text) = self.optional(name) else { return Ok(false) };
        text.parse().map_err(|_| Refusal::Format(format))
    }

    /// The value of a parameter, unless it is blank.
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == name)?;
        value.as_deref().map(str::trim).filter(|value| !value.is_empty())
    }

    /// Values for an app's variables, given as a JSON object; none where the parameter is blank.
    pub(crate) fn settings(&self, name: &str) -> Result<GivenSettings, SettingError> {
        let Some(text) = self.optional(name) else { return Ok(GivenSettings::new()) };
        let members: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).map_err(|_| SettingError::NoObject)?;
        let given = |value: serde_json::Value| match value {
            serde_json::Value::Null => Given::Nothing,
            serde_json::Value::String(text) => Given::Scalar(Secret::from_text(text)),
            serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
                Given::Scalar(Secret::from_text(value.to_string()))
            }
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Given::Other,
        };
        Ok(members.into_iter().map(|(name, value)| (name, given(value))).collect())
    }
}

fn from_body(known: Known, headers: &HeaderMap, body: &Bytes) -> Result<Values, Malformed> {
    let mut content_types = headers.get_all(header::CONTENT_TYPE).iter();
    let content_type = match (content_types.next(), content_types.next()) {
        (Some(only), None) => only.to_str().map_err(|_| Malformed::ContentType)?,
        _ => return Err(Malformed::ContentType),
    };
    match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => from_form(known, body),
        "application/json" => from_json(known, body),
        _ => Err(Malformed::ContentType),
    }
}

/// Reads `name=value` pairs joined by `&`. Stricter than browsers: what is not sound is refused, not
/// repaired.
fn from_form(known: Known, text: &[u8]) -> Result<Values, Malformed> {
    let mut given = Values::new();
    for (number, pair) in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).enumerate() {
        if number == PARAMETERS_MAX {
            return Err(Malformed::TooManyParameters);
        }
        let end_of_name = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let name = percent_decoded(&pair[..end_of_name])?;
        let value = percent_decoded(pair.get(end_of_name + 1..).unwrap_or_default())?;
        if let Some(name) = known.names.iter().find(|known| **known == name) {
            put(&mut given, name, Some(value))?;
        }
    }
    Ok(given)
}

fn percent_decoded(text: &[u8]) -> Result<String, Malformed> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        decoded.push(match first {
            b'+' => b' ',
            b'%' => {
                let [high, low, tail @ ..] = tail else { return Err(Malformed::PercentEncoding) };
                rest = tail;
                hexadecimal(*high)? * 16 + hexadecimal(*low)?
            }
            other => *other,
        });
    }
    String::from_utf8(decoded).map_err(|_| Malformed::NotUtf8)
}

fn hexadecimal(digit: u8) -> Result<u8, Malformed> {
    let value = char::from(digit).to_digit(16).ok_or(Malformed::PercentEncoding)?;
    Ok(u8::try_from(value).expect("a hexadecimal digit is below 16"))
}

fn from_json(known: Known, body: &[u8]) -> Result<Values, Malformed> {
    // Checked as a whole: members that are skipped would pass unseen.
    let text = std::str::from_utf8(body).map_err(|_| Malformed::NotUtf8)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let given = Members(known).deserialize(&mut json).map_err(|_| Malformed::NotJsonObject)??;
    json.end().map_err(|_| Malformed::NotJsonObject)?;
    Ok(given)
}

/// Reads the known members of a JSON object. (A map would keep one of two equal keys, and hide the other.)
struct Members(Known);

impl<'de> DeserializeSeed<'de> for Members {
    type Value = Result<Values, Malformed>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Result<Values, Malformed>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut given = Ok(Values::new());
        let mut number = 0;
        while let Some(name) = members.next_key::<String>()? {
            number += 1;
            if number > PARAMETERS_MAX {
                given = given.and(Err(Malformed::TooManyParameters));
            }
            let Some(name) = self.0.names.iter().find(|known| **known == name) else {
                // Skipped without recursion, however deep it is nested.
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            // `Value` nests at most 128 deep: what goes deeper is refused as no JSON.
            let value = match members.next_value()? {
                serde_json::Value::Null => Ok(None),
                serde_json::Value::String(text) => Ok(Some(text)),
                literal @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))
                    if self.0.literals.contains(name) =>
                {
                    Ok(Some(literal.to_string()))
                }
                other if self.0.objects.contains(name) => Ok(Some(other.to_string())),
                _ => Err(Malformed::NotText(name)),
            };
            given = given.and_then(|mut given| {
                put(&mut given, name, value?)?;
                Ok(given)
            });
        }
        Ok(given)
    }
}

fn put(given: &mut Values, name: &'static str, value: Option<String>) -> Result<(), Malformed> {
    if given.iter().any(|(known, _)| *known == name) {
        return Err(Malformed::GivenTwice(name));
    }
    given.push((name, value));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known =
        Known { names: &["a", "b", "count", "any"], literals: &["count"], objects: &["any"] };
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";

    fn read(method: &Method, query: &str, content_type: &str, body: &[u8]) -> Result<Parameters, Malformed> {
        let uri = Uri::try_from(format!("/x?{query}")).expect("a URI");
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(header::CONTENT_TYPE, content_type.parse().expect("a content type"));
        }
        Parameters::read(KNOWN, method, &uri, &headers, &Bytes::copy_from_slice(body))
    }

    fn a_of(query: &str, content_type: &str, body: &str) -> Option<String> {
        let read = read(&Method::POST, query, content_type, body.as_bytes()).expect("well formed");
        read.optional("a").map(str::to_owned)
    }

    #[test]
    fn the_body_wins_over_the_query_also_when_it_is_empty() {
        assert_eq!(a_of("a=query", "", "").as_deref(), Some("query"));
        for (content_type, body) in [(FORM, "a=body"), (JSON, r#"{"a":"body"}"#)] {
            assert_eq!(a_of("a=query", content_type, body).as_deref(), Some("body"));
        }
        for (content_type, body) in
            [(FORM, "a="), (FORM, "a"), (FORM, "a=+"), (JSON, r#"{"a":""}"#), (JSON, r#"{"a":" \t"}"#)]
        {
            assert_eq!(a_of("a=query", content_type, body), None, "{body}");
        }
    }

    #[test]
    fn absent_or_null_in_the_body_does_not_win() {
        for (content_type, body) in [(FORM, "b=x"), (JSON, "{}"), (JSON, r#"{"a":null}"#), (JSON, "")] {
            assert_eq!(a_of("a=query", content_type, body).as_deref(), Some("query"), "{body}");
        }
    }

    #[test]
    fn values_are_decoded_and_trimmed() {
        assert_eq!(a_of("a=%20%e5%8D%9A+x%09", "", "").as_deref(), Some("博 x"));
        assert_eq!(a_of("", FORM, "a=1%2B1%3D2%26").as_deref(), Some("1+1=2&"));
        assert_eq!(a_of("", JSON, r#" {"a":"\u3000x "} "#).as_deref(), Some("x"));
        assert_eq!(a_of("&&a=x=y&", "", "").as_deref(), Some("x=y"));
    }

    #[test]
    fn content_types_may_have_parameters_and_any_case() {
        assert_eq!(a_of("", "Application/JSON; charset=utf-8", r#"{"a":"x"}"#).as_deref(), Some("x"));
        assert_eq!(a_of("", "APPLICATION/x-www-form-urlencoded;charset=UTF-8", "a=x").as_deref(), Some("x"));
        for other in ["", "text/plain", "text/json", "application/jsonx", "multipart/form-data; boundary=x"] {
            assert_eq!(read(&Method::POST, "", other, b"{}"), Err(Malformed::ContentType), "{other}");
        }
    }

    #[test]
    fn the_body_of_a_get_is_ignored() {
        let read = read(&Method::GET, "a=query", "text/plain", b"\xff{").expect("well formed");
        assert_eq!(read.optional("a"), Some("query"));
    }

    #[test]
    fn unknown_parameters_are_ignored() {
        assert_eq!(a_of("c=1&c=2&a=x", "", "").as_deref(), Some("x"));
        assert_eq!(a_of("", JSON, r#"{"c":1,"c":[{}],"A":"y","a":"x"}"#).as_deref(), Some("x"));
    }

    #[test]
    fn a_parameter_given_twice_in_one_place_is_malformed() {
        let twice = Err(Malformed::GivenTwice("a"));
        assert_eq!(read(&Method::GET, "a=1&a=1", "", b""), twice);
        assert_eq!(read(&Method::POST, "", FORM, b"a=1&b=2&a=1"), twice);
        for body in [r#"{"a":"1","a":"1"}"#, r#"{"a":null,"a":"1"}"#, r#"{"a":"1","\u0061":null}"#] {
            assert_eq!(read(&Method::POST, "", JSON, body.as_bytes()), twice, "{body}");
        }
    }

    #[test]
    fn json_of_another_type_is_malformed() {
        for value in ["1", "1.5", "true", "[]", "{}", r#"["x"]"#, r#"{"b":"x"}"#] {
            let body = format!(r#"{{"a":{value}}}"#);
            assert_eq!(
                read(&Method::POST, "", JSON, body.as_bytes()),
                Err(Malformed::NotText("a")),
                "{body}"
            );
        }
        for body in ["null", "1", "[]", r#""a""#, "{", r#"{"a":"x"}}"#, r#"{"a":"x",}"#, "  ", r#"{a:"x"}"#] {
            assert_eq!(
                read(&Method::POST, "", JSON, body.as_bytes()),
                Err(Malformed::NotJsonObject),
                "{body}"
            );
        }
    }

    #[test]
    fn a_parameter_that_is_no_text_may_be_a_literal_or_its_text() {
        for (value, text) in [("12", "12"), ("\"12\"", "12"), ("-1.5", "-1.5"), ("true", "true")] {
            let body = format!(r#"{{"count":{value}}}"#);
            let read = read(&Method::POST, "", JSON, body.as_bytes()).expect("well formed");
            assert_eq!(read.optional("count"), Some(text));
        }
        for value in ["[]", "{}", "[1]"] {
            let body = format!(r#"{{"count":{value}}}"#);
            let refused = Err(Malformed::NotText("count"));
            assert_eq!(read(&Method::POST, "", JSON, body.as_bytes()), refused, "{body}");
        }
    }

    #[test]
    fn settings_are_an_object_or_text_that_holds_one() {
        let settings = |content_type: &str, body: &str| {
            read(&Method::POST, "", content_type, body.as_bytes()).expect("well formed").settings("any")
        };
        let scalar = |text: &str| Given::Scalar(Secret::from_text(text));
        let expected = GivenSettings::from([
            ("A".to_owned(), scalar(" x ")),
            ("B".to_owned(), scalar("5")),
            ("C".to_owned(), scalar("true")),
            ("D".to_owned(), Given::Nothing),
            ("E".to_owned(), Given::Other),
        ]);
        let object = r#"{"A":" x ","B":5,"C":true,"D":null,"E":[]}"#;
        let text = serde_json::Value::from(object);
        assert_eq!(settings(JSON, &format!(r#"{{"any":{object}}}"#)), Ok(expected.clone()));
        assert_eq!(settings(JSON, &format!(r#"{{"any":{text}}}"#)), Ok(expected.clone()));
        assert_eq!(settings(FORM, &format!("any={object}")), Ok(expected));
        assert_eq!(settings(FORM, "any=+"), Ok(GivenSettings::new()));
        for other in ["5", "true", "[]", r#""x""#, r#""{""#, r#""[]""#] {
            assert_eq!(
                settings(JSON, &format!(r#"{{"any":{other}}}"#)),
                Err(SettingError::NoObject),
                "{other}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_refused_or_skipped_but_never_overflows() {
        let deep = |name: &str| format!(r#"{{"{name}":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(read(&Method::POST, "", JSON, deep("a").as_bytes()), Err(Malformed::NotJsonObject));
        assert!(read(&Method::POST, "", JSON, deep("c").as_bytes()).is_ok());
        let deep = "[".repeat(60_000);
        assert_eq!(read(&Method::POST, "", JSON, deep.as_bytes()), Err(Malformed::NotJsonObject));
    }

    #[test]
    fn broken_encodings_are_malformed_wherever_they_stand() {
        for query in ["a=%", "a=%4", "a=%zz", "%=1", "c=%g0"] {
            assert_eq!(read(&Method::GET, query, "", b""), Err(Malformed::PercentEncoding), "{query}");
        }
        for query in ["a=%ff", "%c3=x", "c=%c3%28"] {
            assert_eq!(read(&Method::GET, query, "", b""), Err(Malformed::NotUtf8), "{query}");
        }
        assert_eq!(read(&Method::POST, "", FORM, b"a=\xff"), Err(Malformed::NotUtf8));
        assert_eq!(read(&Method::POST, "", JSON, b"{\"c\":\"\xff\"}"), Err(Malformed::NotUtf8));
    }

    #[test]
    fn parameters_are_bounded_in_number_and_length() {
        let form = |count: usize| (0..count).map(|n| format!("x{n}=1")).collect::<Vec<_>>().join("&");
        let json = |count: usize| {
            let members: Vec<String> = (0..count).map(|n| format!("\"x{n}\":[{{}}]")).collect();
            format!("{{{}}}", members.join(","))
        };
        let too_many = Err(Malformed::TooManyParameters);
        for (kind, body) in [(FORM, form(64)), (JSON, json(64))] {
            assert!(read(&Method::POST, "", kind, body.as_bytes()).is_ok(), "{kind}");
        }
        assert_eq!(read(&Method::POST, "", FORM, form(65).as_bytes()), too_many);
        assert_eq!(read(&Method::POST, "", JSON, json(65).as_bytes()), too_many);
        assert_eq!(read(&Method::GET, &form(65), "", b""), too_many);
        let long = |name: &str, length: usize| format!("{name}={}", "x".repeat(length));
        assert!(read(&Method::POST, "", FORM, long("a", PARAMETER_BYTES_MAX).as_bytes()).is_ok());
        let refused = read(&Method::POST, "", FORM, long("a", PARAMETER_BYTES_MAX + 1).as_bytes());
        assert_eq!(refused, Err(Malformed::ParameterTooLong("a")));
        assert!(read(&Method::POST, "", FORM, long("any", 2 * PARAMETER_BYTES_MAX).as_bytes()).is_ok());
    }
}
