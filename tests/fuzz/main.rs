//! Plays the inputs that are kept for fuzzers, and changed ones: `tabmap::fuzzing` says what must hold of any.
//!
//! `TABMAP_SEEDS=100000` changes each input that often; `TABMAP_SEED=7` plays the seventh change of each alone.

use std::fs;
use std::ops::Range;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::Duration;

use tabmap::fuzzing::{TARGETS, run};

/// How often each input is changed.
const SEEDS: u64 = 200;
/// The largest input that comes of changes.
const LARGEST: usize = 16 * 1024;
/// What a reader takes a second for at this length, it reads in more than linear time.
const LONG: usize = 64 * 1024;
const LONGEST_TIME: Duration = Duration::from_secs(5);
/// What changes put in.
const PIECES: [&[u8]; 24] = [
    b"\r\n",
    b"\r",
    b"\n\n",
    b"\t",
    b"\0",
    b"\x1b[0m",
    "\u{feff}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{e9}\u{1f600}".as_bytes(),
    "e\u{301}".as_bytes(),
    b"\xff",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\"",
    b"'",
    b"''",
    b"$$",
    b"{",
    b"[",
    b"99999999999999999999",
    b"1e999",
    b"null",
    b"- &a [*a]\n",
];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).expect("a length")
    }

    fn part(&mut self, of: &[u8]) -> Range<usize> {
        let start = self.below(of.len() + 1);
        start..start + self.below((of.len() - start).min(64) + 1)
    }
}

/// How long this thread has worked, however busy the machine is; Linux tells.
fn time_on_processor() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(stat.split(' ').next()?.parse().ok()?))
}

/// Inputs by their names, sorted.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).expect("a folder").map(|file| file.expect("a file").path());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut files: Vec<_> = files.map(|path| (name(&path), fs::read(&path).expect("a file"))).collect();
    files.sort();
    files
}

/// An input with some changes; the same for the same seed.
fn changed(inputs: &[(String, Vec<u8>)], number: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed << 8 | number as u64);
    let mut input = inputs[number].1.clone();
    for _ in 0..=random.below(6) {
        let part = random.part(&input);
        let at = part.start;
        match random.below(8) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = u8::try_from(random.below(256)).expect("a byte"),
            2 => drop(input.drain(part)),
            3 => input.truncate(at),
            4 => {
                let again = input[part].repeat(1 + random.below(8));
                input.splice(at..at, again);
            }
            5 => {
                let other = &inputs[random.below(inputs.len())].1;
                let piece = other[random.part(other)].to_vec();
                input.splice(part, piece);
            }
            _ => drop(input.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
        }
        input.truncate(LARGEST);
    }
    input
}

fn play(target: &str, file: &str, how: &str, input: &[u8]) {
    let text = || input.escape_ascii().to_string();
    assert!(
        catch_unwind(|| run(target, input)).is_ok(),
        "target {target}, {file}, {how}: see above\n{}",
        text()
    );
}

/// The inputs of one target: as they are, repeated to a long one, and changed.
fn play_all(target: &str) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match (number("TABMAP_SEED"), number("TABMAP_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(SEEDS),
    };
    let inputs = corpus(target);
    assert!(inputs.len() >= 10, "{target} has {} inputs", inputs.len());
    for (file, input) in &inputs {
        play(target, file, "as it is", input);
        let long = input.repeat(LONG / input.len().max(1));
        let start = time_on_processor();
        play(target, file, "repeated", &long);
        if let (Some(start), Some(end)) = (start, time_on_processor()) {
            let time = end.saturating_sub(start);
            assert!(time < LONGEST_TIME, "target {target}, {file}: {time:?} for {LONG} bytes");
        }
    }
    for seed in seeds {
        for (number, (file, _)) in inputs.iter().enumerate() {
            play(target, file, &format!("TABMAP_SEED={seed}"), &changed(&inputs, number, seed));
        }
    }
}

macro_rules! replays {
    ($(fn $test:ident() $target:literal,)+) => {
        $(#[test]
        fn $test() {
            play_all($target);
        })+

        #[test]
        fn each_target_is_played_and_has_its_binary() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/fuzz_targets");
            let names = TARGETS.map(|(name, _)| name);
            assert_eq!(names.as_slice(), [$($target),+]);
            let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name()).collect();
            files.sort();
            let mut expected = names.map(|name| format!("{name}.rs"));
            expected.sort();
            assert_eq!(files, expected.map(std::ffi::OsString::from));
        }
    };
}

replays! {
    fn whatever_yaml_holds_its_values_stand_at_their_places() "yaml",
    fn whatever_sql_holds_the_arguments_of_calls_stand_at_their_places() "calls",
    fn whatever_an_address_holds_it_names_the_same_when_it_is_written_again() "addresses",
    fn whatever_a_delivery_holds_it_is_read_or_rejected() "delivery",
    fn whatever_pages_of_rest_hold_they_are_read_or_refused() "rest",
    fn whatever_pages_of_the_metadata_api_hold_they_are_read_or_refused() "graphql",
    fn whatever_a_recording_holds_it_is_recorded_again_as_the_same() "recording",
    fn whatever_a_connection_file_holds_its_secrets_are_not_told() "connection",
}
