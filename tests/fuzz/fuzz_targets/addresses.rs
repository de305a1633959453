#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tabmap::fuzzing::run("addresses", input));
