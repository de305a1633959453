//! The emulator is worth something only if Snowflake's own client takes it for Snowflake.

use std::process::Command;
use test_support::emulator::{Tenant, port, python};

#[tokio::test]
async fn snowflakes_own_python_client_works_with_the_emulator() {
    let tenant = Tenant::new().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/official_client.py");
    let output = Command::new(python())
        .args([script, &port().to_string(), &tenant.user, &tenant.password, &tenant.database])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "all as expected", "{errors}");
}
