//! Chance. All of it comes from the ambient world, so a host can see that a rendering used it.

use super::args::int;
use crate::ambient::Ambient;
use crate::error::CallError;
use crate::exec::Env;
use crate::func::{Functions, Param};
use crate::value::Value;

const MAX_COUNT: i64 = 1 << 20;

pub(super) fn register(functions: &mut Functions) {
    let mut add = |name, params, body| functions.add(name, params, body);
    add("randAlphaNum", &[Param::Int], |env, a| {
        characters(env, int(a, 0), |c| c.is_ascii_alphanumeric())
    });
    add("randAlpha", &[Param::Int], |env, a| {
        characters(env, int(a, 0), |c| c.is_ascii_alphabetic())
    });
    add("randNumeric", &[Param::Int], |env, a| {
        characters(env, int(a, 0), |c| c.is_ascii_digit())
    });
    add("randAscii", &[Param::Int], |env, a| {
        characters(env, int(a, 0), |c| (b' '..=b'~').contains(c))
    });
    add("randInt", &[Param::Int, Param::Int], |env, a| {
        let (low, high) = (int(a, 0), int(a, 1));
        match high
            .checked_sub(low)
            .and_then(|span| u64::try_from(span).ok())
        {
            Some(span) if span > 0 => Ok(Value::int(low + below(&*env.ambient, span) as i64)),
            _ => Err("invalid argument to Intn".into()),
        }
    });
    add("randBytes", &[Param::Int], |env, a| {
        let count = count(int(a, 0))?;
        let mut bytes = vec![0; count];
        env.ambient.random(&mut bytes);
        Ok(Value::from(crate::base64::encode(&bytes)))
    });
    add("uuidv4", &[], |env, _| {
        let mut bytes = [0; 16];
        env.ambient.random(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        Ok(Value::from(parts.join("-")))
    });
}

fn count(wanted: i64) -> Result<usize, CallError> {
    if wanted > MAX_COUNT {
        return Err(format!("more than {MAX_COUNT} random characters").into());
    }
    usize::try_from(wanted).map_err(|_| "negative count".into())
}

/// A number below `limit`, without bias.
pub(super) fn below(ambient: &dyn Ambient, limit: u64) -> u64 {
    let limit = limit.max(1);
    let zone = u64::MAX - u64::MAX % limit;
    for _ in 0..128 {
        let mut bytes = [0; 8];
        ambient.random(&mut bytes);
        let value = u64::from_le_bytes(bytes);
        if value < zone {
            return value % limit;
        }
    }
    0
}

/// What a random character costs of a rendering's steps: each is asked of the host.
const STEPS: u64 = 10;

fn characters(env: &mut Env, wanted: i64, fits: fn(&u8) -> bool) -> Result<Value, CallError> {
    // A negative count is an error that the original swallows.
    let Ok(count) = count(wanted.max(0)) else {
        return count(wanted).map(|_| Value::Nil);
    };
    env.spend(STEPS.saturating_mul(count as u64));
    let ambient = &*env.ambient;
    let alphabet: Vec<u8> = (0..=127u8).filter(fits).collect();
    let text: Vec<u8> = (0..count)
        .map(|_| alphabet[below(ambient, alphabet.len() as u64) as usize])
        .collect();
    Ok(Value::string(text))
}
