//! Keys and certificates: `genPrivateKey`, `genCA`, `genSelfSignedCert`, `genSignedCert`, `buildCustomCert`.

use std::any::Any;
use std::net::IpAddr;

use super::args::{any, int, text};
use crate::ambient::{Crypto, KeyKind};
use crate::crypto::keys::PrivateKey;
use crate::crypto::pem;
use crate::crypto::x509::{self, Issuer, Wanted};
use crate::error::CallError;
use crate::exec::Env;
use crate::func::{Functions, Param};
use crate::value::{Map, Object, Value, lossy};

/// What sprig calls the result: a certificate and its key, both as PEM.
const CERTIFICATE: &str = "sprig.certificate";
const NANOSECONDS_A_DAY: i64 = 86_400_000_000_000;
const NANOSECONDS: i64 = 1_000_000_000;

#[derive(Clone, Debug)]
struct Certificate {
    certificate: Value,
    key: Value,
}

impl Object for Certificate {
    fn type_name(&self) -> &str {
        CERTIFICATE
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(self.certificate.clone()),
            "Key" => Some(self.key.clone()),
            _ => None,
        }
    }

    fn plain(&self) -> Value {
        Value::Map(Map::from_iter([
            ("Cert", self.certificate.clone()),
            ("Key", self.key.clone()),
        ]))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(super) fn register(functions: &mut Functions) {
    use Param::{Int, List, String as Text};
    const CA: Param = Param::Object(CERTIFICATE);
    let mut add = |name, params, body| functions.add(name, params, body);
    add("genPrivateKey", &[Text], private_key);
    add("buildCustomCert", &[Text, Text], custom);
    add("genCA", &[Text, Int], |env, a| authority(env, a, None));
    add("genCAWithKey", &[Text, Int, Text], |env, a| {
        authority(env, a, Some(2))
    });
    add("genSelfSignedCert", &[Text, List, List, Int], |env, a| {
        self_signed(env, a, None)
    });
    add(
        "genSelfSignedCertWithKey",
        &[Text, List, List, Int, Text],
        |env, a| self_signed(env, a, Some(4)),
    );
    add("genSignedCert", &[Text, List, List, Int, CA], |env, a| {
        signed(env, a, None)
    });
    add(
        "genSignedCertWithKey",
        &[Text, List, List, Int, CA, Text],
        |env, a| signed(env, a, Some(5)),
    );
}

/// Whoever makes keys here.
pub(super) fn crypto(env: &Env) -> Result<&dyn Crypto, CallError> {
    env.ambient
        .crypto()
        .ok_or_else(|| "keys and password hashes are not available here".into())
}

fn private_key(env: &mut Env, a: &[Value]) -> Result<Value, CallError> {
    let kind = match text(a, 0) {
        b"" | b"rsa" => KeyKind::Rsa4096,
        b"dsa" => KeyKind::Dsa2048,
        b"ecdsa" => KeyKind::EcdsaP256,
        b"ed25519" => KeyKind::Ed25519,
        other => return Ok(Value::from(format!("Unknown type {}", lossy(other)))),
    };
    env.spend(steps(kind));
    let key = generate(crypto(env)?, kind)?;
    Ok(Value::from(key.to_pem()))
}

/// What a key costs of a rendering's steps: so many are as slow as it is.
fn steps(kind: KeyKind) -> u64 {
    match kind {
        KeyKind::Rsa2048 => 200_000,
        KeyKind::Rsa4096 => 1_000_000,
        KeyKind::Dsa2048 => 4_000_000,
        KeyKind::EcdsaP256 | KeyKind::Ed25519 => 10_000,
    }
}

fn generate(crypto: &dyn Crypto, kind: KeyKind) -> Result<PrivateKey, String> {
    PrivateKey::from_pkcs8(&crypto.generate_key(kind), crypto)
}

/// The key of a certificate: given as PEM in an argument, or new.
fn key(crypto: &dyn Crypto, a: &[Value], given: Option<usize>) -> Result<PrivateKey, String> {
    match given {
        Some(index) => PrivateKey::parse(text(a, index), crypto)
            .map_err(|error| format!("parsing private key: {error}")),
        None => generate(crypto, KeyKind::Rsa2048),
    }
}

fn authority(env: &mut Env, a: &[Value], given: Option<usize>) -> Result<Value, CallError> {
    env.spend(steps(KeyKind::Rsa2048));
    let crypto = crypto(env)?;
    let key = key(crypto, a, given)?;
    let name = lossy(text(a, 0));
    let wanted = Wanted {
        authority: true,
        ..wanted(env, &name, &Value::Nil, &Value::Nil, int(a, 1))?
    };
    finish(&wanted, &key, None, crypto)
}

fn self_signed(env: &mut Env, a: &[Value], given: Option<usize>) -> Result<Value, CallError> {
    env.spend(steps(KeyKind::Rsa2048));
    let crypto = crypto(env)?;
    let name = lossy(text(a, 0));
    // Before the key, which takes long; which of two faults is told does not matter.
    let wanted = wanted(env, &name, any(a, 1), any(a, 2), int(a, 3))?;
    let key = key(crypto, a, given)?;
    finish(&wanted, &key, None, crypto)
}

fn signed(env: &mut Env, a: &[Value], given: Option<usize>) -> Result<Value, CallError> {
    env.spend(steps(KeyKind::Rsa2048));
    let crypto = crypto(env)?;
    let Some(ca) = certificate(any(a, 4)) else {
        return Err("unable to decode certificate".into());
    };
    let part = |value: &Value| value.as_str().cloned().unwrap_or_else(|| "".into());
    let block = pem::decode(&part(&ca.certificate)).ok_or("unable to decode certificate")?;
    let issuer = Issuer::parse(&block.bytes)
        .ok_or("error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate")?;
    let signer = PrivateKey::parse(&part(&ca.key), crypto)
        .map_err(|error| format!("error parsing private key: {error}"))?;
    let name = lossy(text(a, 0));
    let wanted = wanted(env, &name, any(a, 1), any(a, 2), int(a, 3))?;
    let key = key(crypto, a, given)?;
    finish(&wanted, &key, Some((&issuer, &signer)), crypto)
}

fn certificate(value: &Value) -> Option<&Certificate> {
    match value {
        Value::Object(object) => object.as_any().downcast_ref(),
        _ => None,
    }
}

fn finish(
    wanted: &Wanted,
    key: &PrivateKey,
    issuer: Option<(&Issuer, &PrivateKey)>,
    crypto: &dyn Crypto,
) -> Result<Value, CallError> {
    let certificate = x509::create(wanted, key, issuer, crypto)
        .map_err(|error| format!("error creating certificate: {error}"))?;
    Ok(Value::object(Certificate {
        certificate: Value::from(pem::encode("CERTIFICATE", &certificate)),
        key: Value::from(key.to_pem()),
    }))
}

fn custom(env: &mut Env, a: &[Value]) -> Result<Value, CallError> {
    let crypto = crypto(env)?;
    let decoded = |index, what: &str| {
        crate::base64::decode(text(a, index)).map_err(|_| format!("unable to decode base64 {what}"))
    };
    let certificate = decoded(0, "certificate")?;
    let key = decoded(1, "private key")?;
    let block = pem::decode(&certificate).ok_or("unable to decode certificate")?;
    if Issuer::parse(&block.bytes).is_none() {
        return Err(
            "error parsing certificate: decodedCert.Bytes: x509: malformed certificate".into(),
        );
    }
    PrivateKey::parse(&key, crypto)
        .map_err(|error| format!("error parsing private key: {error}"))?;
    Ok(Value::object(Certificate {
        certificate: Value::string(certificate),
        key: Value::string(key),
    }))
}

fn wanted<'w>(
    env: &Env,
    name: &'w str,
    addresses: &Value,
    names: &Value,
    days: i64,
) -> Result<Wanted<'w>, String> {
    let now = env.ambient.now();
    let mut serial = [0; 16];
    env.ambient.random(&mut serial);
    // Nanoseconds overflow after 292 years, as they do in the original.
    let until = i128::from(now) + i128::from(days.wrapping_mul(NANOSECONDS_A_DAY));
    Ok(Wanted {
        common_name: name,
        addresses: strings(addresses, |value| {
            format!("error parsing ip: {value} is not a string")
        })?
        .iter()
        .map(|address| {
            let parsed: Result<IpAddr, _> = address.parse();
            parsed.map_err(|_| format!("error parsing ip: {address}"))
        })
        .collect::<Result<_, _>>()?,
        names: strings(names, |value| {
            format!("error processing alternate dns name: {value} is not a string")
        })?,
        authority: false,
        serial,
        from: now.div_euclid(NANOSECONDS),
        until: i64::try_from(until.div_euclid(i128::from(NANOSECONDS))).unwrap_or(i64::MAX),
    })
}

fn strings(list: &Value, refuse: impl Fn(String) -> String) -> Result<Vec<String>, String> {
    let Value::List(list) = list else {
        return Ok(Vec::new());
    };
    list.to_vec()
        .iter()
        .map(|item| match item {
            Value::Str(text) => Ok(text.to_text().into_owned()),
            other => Err(refuse(
                crate::fmt::sprint(std::slice::from_ref(other))
                    .to_text()
                    .into_owned(),
            )),
        })
        .collect()
}
