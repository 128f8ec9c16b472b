//! Large primes for RSA. Nearly all of the time goes into numbers that are none: a sieve and Fermat's test to the base of two, in
//! arithmetic of a fixed width, throw those away, and `crypto-primes` judges what is left.

use crypto_bigint::BoxedUint;
use crypto_primes::{Flavor, is_prime};
use rand::CryptoRng;

/// Candidates of one draw: every second number from a random one on.
const WINDOW: usize = 4096;
/// Numbers with an odd factor below this are sieved out.
const SIEVED: u32 = 1 << 15;
/// Twice the words of the largest prime.
const PRODUCT: usize = 64;

/// A prime of `WORDS` times 64 bits, of which the two highest are set: the product of two such has twice the length.
/// `WORDS` is a multiple of four, and at most 32.
pub(super) fn random_prime<const WORDS: usize>(random: &mut impl CryptoRng) -> BoxedUint {
    let factors = small_primes();
    loop {
        let mut start = [0; WORDS];
        start.fill_with(|| random.next_u64());
        start[0] |= 1;
        start[WORDS - 1] |= 0b11 << 62;
        for index in survivors(&start, &factors) {
            let Some(candidate) = plus(&start, 2 * index as u64) else {
                break;
            };
            if Modulus::new(candidate).passes_fermat() {
                let candidate = BoxedUint::from_words(candidate);
                if is_prime(Flavor::Any, &candidate) {
                    return candidate;
                }
            }
        }
    }
}

/// Odd primes below [`SIEVED`].
fn small_primes() -> Vec<u32> {
    let mut composite = vec![false; SIEVED as usize];
    let mut primes = Vec::new();
    for number in (3..SIEVED).step_by(2) {
        if !composite[number as usize] {
            primes.push(number);
            let square = number.saturating_mul(number);
            for multiple in (square..SIEVED).step_by(number as usize) {
                composite[multiple as usize] = true;
            }
        }
    }
    primes
}

/// Which of the candidates have no small factor.
fn survivors<const WORDS: usize>(
    start: &[u64; WORDS],
    factors: &[u32],
) -> impl Iterator<Item = usize> + use<WORDS> {
    let mut composite = vec![false; WINDOW];
    for &factor in factors {
        let factor = u64::from(factor);
        let rest = start.iter().rev().fold(0, |rest, word| {
            let high = (rest << 32 | word >> 32) % factor;
            (high << 32 | word & 0xffff_ffff) % factor
        });
        // The first index with start + 2 * index = 0 modulo the factor, which is odd.
        let gap = (factor - rest) % factor;
        let first = if gap % 2 == 0 {
            gap / 2
        } else {
            (gap + factor) / 2
        };
        for index in (first as usize..WINDOW).step_by(factor as usize) {
            composite[index] = true;
        }
    }
    (0..WINDOW).filter(move |index| !composite[*index])
}

fn plus<const WORDS: usize>(number: &[u64; WORDS], more: u64) -> Option<[u64; WORDS]> {
    let (mut sum, mut carry) = (*number, more);
    for word in &mut sum {
        let (added, over) = word.overflowing_add(carry);
        (*word, carry) = (added, over.into());
    }
    (carry == 0).then_some(sum)
}

/// Arithmetic modulo an odd number whose highest bit is set, in Montgomery's form. It takes the same time for all numbers of
/// one length.
struct Modulus<const WORDS: usize> {
    number: [u64; WORDS],
    /// Times the lowest word of the number, this is -1 in a word.
    inverse: u64,
}

impl<const WORDS: usize> Modulus<WORDS> {
    fn new(number: [u64; WORDS]) -> Self {
        // An odd number is its own inverse in its three lowest bits, and each of Newton's steps doubles those that are right.
        let inverse = (0..5).fold(number[0], |inverse, _| {
            inverse.wrapping_mul(2u64.wrapping_sub(number[0].wrapping_mul(inverse)))
        });
        Self {
            number,
            inverse: inverse.wrapping_neg(),
        }
    }

    /// Is two to the power of the number less one, one?
    fn passes_fermat(&self) -> bool {
        // One in Montgomery's form is 2^bits modulo the number, which lies between that and its half.
        let (one, _) = subtract(&[0; WORDS], &self.number);
        let mut power = self.shifted(&one, 1);
        for bit in (1..64 * WORDS - 1).rev() {
            let exponent = self.number[bit / 64] >> (bit % 64) & 1;
            power = self.shifted(&self.square(&power), exponent);
        }
        // The lowest bit of the exponent is nought.
        self.square(&power) == one
    }

    /// Twice the value, or with a shift of nought the value itself.
    fn shifted(&self, value: &[u64; WORDS], shift: u64) -> [u64; WORDS] {
        let (mut doubled, mut carry) = ([0; WORDS], 0);
        for (to, word) in doubled.iter_mut().zip(value) {
            *to = word << shift | carry;
            carry = word >> 63 & shift;
        }
        self.reduced(&doubled, carry)
    }

    /// Less the modulus, where that is in the value, whose highest word is `over`.
    fn reduced(&self, value: &[u64; WORDS], over: u64) -> [u64; WORDS] {
        let (less, borrow) = subtract(value, &self.number);
        let keep = (over.wrapping_sub(borrow) >> 63).wrapping_neg();
        let mut out = [0; WORDS];
        for (to, (value, less)) in out.iter_mut().zip(value.iter().zip(&less)) {
            *to = value & keep | less & !keep;
        }
        out
    }

    fn square(&self, value: &[u64; WORDS]) -> [u64; WORDS] {
        let mut product = [0; PRODUCT];
        // Each pair of words once …
        for (i, &factor) in value.iter().enumerate() {
            let mut carry = 0;
            for (to, word) in product[2 * i + 1..].iter_mut().zip(&value[i + 1..]) {
                (*to, carry) = factor.carrying_mul_add(*word, *to, carry);
            }
            product[i + WORDS] = carry;
        }
        // … then twice, with the squares of the words.
        let (mut high, mut carry) = (0, 0);
        let (pairs, _) = product.as_chunks_mut::<2>();
        for ([low, next], &word) in pairs.iter_mut().zip(value) {
            let (first, over) = word.carrying_mul_add(word, *low << 1 | high, carry);
            let (second, over) = (*next << 1 | *low >> 63).overflowing_add(over);
            high = *next >> 63;
            carry = over.into();
            (*low, *next) = (first, second);
        }
        self.divided(product)
    }

    /// By 2^bits, modulo the number.
    fn divided(&self, mut product: [u64; PRODUCT]) -> [u64; WORDS] {
        let mut over = false;
        for i in 0..WORDS {
            let factor = product[i].wrapping_mul(self.inverse);
            let carry = add_product(&mut product[i..i + WORDS], &self.number, factor);
            let word = &mut product[i + WORDS];
            (*word, over) = word.carrying_add(carry, over);
        }
        let mut high = [0; WORDS];
        high.copy_from_slice(&product[WORDS..2 * WORDS]);
        self.reduced(&high, over.into())
    }
}

/// Adds `number * factor`, and gives what does not fit. Four words at a time, so that carries stay in the processor's flag.
fn add_product(to: &mut [u64], number: &[u64], factor: u64) -> u64 {
    let (to, _) = to.as_chunks_mut::<4>();
    let (number, _) = number.as_chunks::<4>();
    let mut above = 0;
    for (to, number) in to.iter_mut().zip(number) {
        let [a, b, c, d] = number.map(|word| factor.carrying_mul(word, 0));
        let (first, carry) = a.0.overflowing_add(above);
        let (second, carry) = b.0.carrying_add(a.1, carry);
        let (third, carry) = c.0.carrying_add(b.1, carry);
        let (fourth, carry) = d.0.carrying_add(c.1, carry);
        // The high word of a product has room for one more.
        let high = d.1 + u64::from(carry);
        let carry;
        (to[0], carry) = to[0].overflowing_add(first);
        let (sum, carry) = to[1].carrying_add(second, carry);
        to[1] = sum;
        let (sum, carry) = to[2].carrying_add(third, carry);
        to[2] = sum;
        let (sum, carry) = to[3].carrying_add(fourth, carry);
        to[3] = sum;
        // What there was, the product and what came from below fit five words together.
        above = high + u64::from(carry);
    }
    above
}

/// The difference, and one if it is below nought.
fn subtract<const WORDS: usize>(a: &[u64; WORDS], b: &[u64; WORDS]) -> ([u64; WORDS], u64) {
    let mut difference = [0; WORDS];
    let mut borrow = false;
    for (to, (a, b)) in difference.iter_mut().zip(a.iter().zip(b)) {
        (*to, borrow) = a.borrowing_sub(*b, borrow);
    }
    (difference, borrow.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_have_the_length_and_pass_the_test_of_the_library() {
        let mut random = rand::rng();
        for _ in 0..3 {
            let prime = random_prime::<4>(&mut random);
            assert_eq!(prime.bits(), 256);
            assert!(bool::from(prime.bit(254)));
            assert!(is_prime(Flavor::Any, &prime));
        }
    }

    /// The largest prime and its neighbours, and numbers whose words are all ones: every carry that there is.
    #[test]
    fn primes_pass_and_composites_do_not() {
        // 2^256 - 189 is the largest prime of its length; 2^512 - 569 and 2^1024 - 105 are.
        fn below<const WORDS: usize>(less: u64) -> bool {
            let mut number = [u64::MAX; WORDS];
            number[0] = 0u64.wrapping_sub(less);
            Modulus::new(number).passes_fermat()
        }
        let passing = |test: fn(u64) -> bool| (1..700).step_by(2).find(|less| test(*less));
        assert_eq!(passing(below::<4>), Some(189));
        assert_eq!(passing(below::<8>), Some(569));
        assert_eq!(passing(below::<16>), Some(105));
    }

    #[test]
    fn the_test_agrees_with_the_library_on_random_numbers() {
        let mut random = rand::rng();
        for _ in 0..300 {
            let mut number = [0; 4];
            number.fill_with(|| rand::Rng::next_u64(&mut random));
            number[0] |= 1;
            number[3] |= 1 << 63;
            // Numbers that pass and are no primes are too rare to be met.
            let expected = is_prime(Flavor::Any, &BoxedUint::from_words(number));
            assert_eq!(Modulus::new(number).passes_fermat(), expected, "{number:?}");
        }
    }

    #[test]
    fn the_sieve_leaves_what_has_no_small_factor() {
        let start = [u64::MAX - 7_000, 5, 1 << 63, 3 << 62];
        let factors = small_primes();
        assert_eq!(factors[..4], [3, 5, 7, 11]);
        assert_eq!(factors.len(), 3_511);
        let left: Vec<usize> = survivors(&start, &factors).collect();
        for index in 0..WINDOW {
            let words = plus(&start, 2 * index as u64).unwrap();
            let divides = |factor: &u32| {
                let rest = words.iter().rev().fold(0, |rest, word| {
                    ((u128::from(rest) << 64 | u128::from(*word)) % u128::from(*factor)) as u64
                });
                rest == 0
            };
            assert_eq!(
                left.contains(&index),
                !factors.iter().any(divides),
                "{index}"
            );
        }
    }
}
