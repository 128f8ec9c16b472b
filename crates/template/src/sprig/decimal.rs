//! Decimal arithmetic of sprig's `addf` and its kin: exact, division to 16 places.

use num_bigint::{BigInt, Sign};

const DIVISION_PLACES: i32 = 16;

/// `mantissa * 10^exponent`.
#[derive(Clone)]
pub(super) struct Decimal {
    mantissa: BigInt,
    exponent: i32,
}

fn power(exponent: i32) -> BigInt {
    BigInt::from(10).pow(exponent.unsigned_abs())
}

impl Decimal {
    pub(super) fn new(value: f64) -> Result<Self, String> {
        if !value.is_finite() {
            let shown = crate::strconv::format_float(value, b'g', -1);
            return Err(format!(
                "Cannot create a Decimal from {}",
                shown.trim_start_matches('+')
            ));
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let places = digits.split_once('.').map_or(0, |(_, places)| places.len());
        let mantissa = digits.replace('.', "").parse().unwrap_or_default();
        let exponent: i32 = exponent.parse().unwrap_or(0);
        Ok(Self {
            mantissa,
            exponent: exponent - places as i32,
        })
    }

    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i32) {
        let exponent = self.exponent.min(other.exponent);
        let scale = |value: &Self| &value.mantissa * power(value.exponent - exponent);
        (scale(self), scale(other), exponent)
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let (a, b, exponent) = self.aligned(other);
        Self {
            mantissa: a + b,
            exponent,
        }
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        let (a, b, exponent) = self.aligned(other);
        Self {
            mantissa: a - b,
            exponent,
        }
    }

    pub(super) fn mul(&self, other: &Self) -> Self {
        Self {
            mantissa: &self.mantissa * &other.mantissa,
            exponent: self.exponent + other.exponent,
        }
    }

    /// Half away from zero at the last place.
    pub(super) fn div(&self, other: &Self) -> Result<Self, String> {
        if other.mantissa.sign() == Sign::NoSign {
            return Err("decimal division by 0".into());
        }
        let shift = self.exponent - other.exponent + DIVISION_PLACES;
        let (mut a, mut b) = (self.mantissa.clone(), other.mantissa.clone());
        if shift >= 0 {
            a *= power(shift);
        } else {
            b *= power(shift);
        }
        let mut quotient = &a / &b;
        let rest = &a % &b;
        if rest.magnitude() * 2u32 >= *b.magnitude() {
            quotient += if (a.sign() == Sign::Minus) == (b.sign() == Sign::Minus) {
                1
            } else {
                -1
            };
        }
        Ok(Self {
            mantissa: quotient,
            exponent: -DIVISION_PLACES,
        })
    }

    pub(super) fn to_f64(&self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent)
            .parse()
            .unwrap_or(0.0)
    }
}
