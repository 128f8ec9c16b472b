//! Shamir's secret sharing over GF(2^8), as SOPS took it from Vault: each share ends with its x coordinate.

use zeroize::Zeroizing;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShamirError {
    #[error("fewer than two parts of the data key")]
    TooFew,
    #[error("the parts of the data key differ in length")]
    Lengths,
    #[error("two parts of the data key are the same")]
    Duplicate,
}

/// The secret that the shares were made of, provided that they are enough.
pub(crate) fn combine(shares: &[Zeroizing<Vec<u8>>]) -> Result<Zeroizing<Vec<u8>>, ShamirError> {
    let length = match shares {
        [first, _, ..] => first.len(),
        _ => return Err(ShamirError::TooFew),
    };
    if length < 2 || shares.iter().any(|share| share.len() != length) {
        return Err(ShamirError::Lengths);
    }
    let xs: Vec<u8> = shares.iter().map(|share| share[length - 1]).collect();
    let weights = (0..xs.len())
        .map(|at| weight(&xs, at))
        .collect::<Option<Vec<u8>>>()
        .ok_or(ShamirError::Duplicate)?;
    let byte = |at: usize| {
        shares
            .iter()
            .zip(&weights)
            .fold(0, |sum, (share, weight)| sum ^ multiply(share[at], *weight))
    };
    Ok(Zeroizing::new((0..length - 1).map(byte).collect()))
}

/// Lagrange's weight of one sample at the origin. None where another sample has the same x.
fn weight(xs: &[u8], at: usize) -> Option<u8> {
    let mut weight = 1;
    for (other, x) in xs.iter().enumerate().filter(|(other, _)| *other != at) {
        let difference = xs[at] ^ xs[other];
        if difference == 0 {
            return None;
        }
        weight = multiply(weight, multiply(*x, inverse(difference)));
    }
    Some(weight)
}

/// Multiplication modulo x^8 + x^4 + x^3 + x + 1, in constant time.
fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0u8, |product, bit| {
        let doubled = (product << 1) ^ (0x1B & (product >> 7).wrapping_neg());
        doubled ^ (a & ((b >> bit) & 1).wrapping_neg())
    })
}

/// a^254, which is 1/a.
fn inverse(a: u8) -> u8 {
    (0..6).fold(multiply(a, a), |power, _| {
        let squared = multiply(power, power);
        multiply(squared, multiply(a, a))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverses_are_inverse() {
        assert!((1..=255).all(|a| multiply(a, inverse(a)) == 1));
    }

    #[test]
    fn shares_that_cannot_be_combined_are_refused() {
        let share = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        assert_eq!(combine(&[share(b"ab")]), Err(ShamirError::TooFew));
        assert_eq!(
            combine(&[share(b"ab"), share(b"b")]),
            Err(ShamirError::Lengths)
        );
        assert_eq!(
            combine(&[share(b"ab"), share(b"cb")]),
            Err(ShamirError::Duplicate)
        );
        assert_eq!(
            combine(&[share(b""), share(b"")]),
            Err(ShamirError::Lengths)
        );
    }
}
