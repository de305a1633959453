//! What `snowflake-api` cannot do by itself, against a server that behaves like Snowflake.

use std::time::{Duration, Instant};

use serde_json::json;
use tabmap::store::snowflake::{Fault, Session, SessionOptions};
use test_support::emulator::{CHUNK_ROWS, SLOW_AFTER, Tenant};

use crate::opens::Opens;

async fn opened() -> (Tenant, Session) {
    let tenant = Tenant::new().await;
    let session = tenant.session(SessionOptions::default());
    (tenant, session)
}

async fn ask(session: &Session, sql: &str) -> Result<Vec<Vec<Option<String>>>, Fault> {
    session.query("ask", sql).await.map_err(|error| error.fault)
}

async fn tell(session: &Session, sql: &str) -> Result<Vec<u64>, Fault> {
    session.execute("tell", sql).await.map_err(|error| error.fault)
}

async fn open_schema(tenant: &Tenant, session: &Session) {
    ask(session, &format!("USE SCHEMA \"{}\".\"MAIN\"", tenant.database)).await.unwrap();
}

/// Numbers from 0, one a row, from a list in the statement.
fn numbers(count: usize) -> String {
    let list: Vec<_> = (0..count).map(|number| number.to_string()).collect();
    let list = list.join(",");
    format!(
        "SELECT F.VALUE::VARCHAR AS N, IFF(F.INDEX % 2 = 0, NULL, 'odd') AS ODD \
         FROM TABLE(FLATTEN(INPUT => PARSE_JSON($$[{list}]$$))) AS F ORDER BY F.INDEX"
    )
}

#[tokio::test]
async fn a_statement_that_runs_long_is_waited_for() {
    let (tenant, session) = opened().await;
    let began = Instant::now();
    let rows = ask(&session, "CALL SYSTEM$WAIT(5)").await.unwrap();
    assert_eq!(rows, [[Some("waited 5 seconds".to_owned())]]);
    assert!(began.elapsed() > Duration::from_secs_f64(2.0 * SLOW_AFTER), "it was polled for more than once");
    assert_eq!(tenant.log("statements").await.len(), 1, "it was sent once");
}

#[tokio::test]
async fn polling_gets_over_failures_and_an_expired_token() {
    let (tenant, session) = opened().await;
    for action in [json!({"http": 503}), json!({"drop": true}), json!({"expire": "session"})] {
        tenant.arm(json!({"at": "poll", "action": action})).await;
        let rows = ask(&session, "CALL SYSTEM$WAIT(3)").await.unwrap();
        assert_eq!(rows.len(), 1, "{action}");
    }
    assert_eq!(tenant.log("statements").await.len(), 3, "each was sent once");
}

#[tokio::test]
async fn a_session_that_ends_while_a_statement_runs_leaves_its_outcome_open() {
    let (tenant, session) = opened().await;
    tenant.arm(json!({"at": "poll", "action": {"forget": true}})).await;
    let fault = tell(&session, "CALL SYSTEM$WAIT(3)").await.unwrap_err();
    assert!(matches!(fault, Fault::ConnectionLost { .. }), "{fault:?}");
}

#[tokio::test]
async fn results_are_polled_for_on_the_same_server_alone() {
    let (tenant, session) = opened().await;
    for url in ["http://127.0.0.1:1/queries/x/result", "https://elsewhere.example.com/", ""] {
        let body = json!({"success": true, "code": "333333", "data": {"getResultUrl": url}}).to_string();
        tenant.arm(json!({"at": "statement", "action": {"http": 200, "body": body}})).await;
        let fault = ask(&session, "SELECT 'x' AS X").await.unwrap_err();
        assert!(matches!(&fault, Fault::Answer { what } if what.contains("same server")), "{url}: {fault:?}");
    }
}

#[tokio::test]
async fn rows_that_an_answer_announces_and_lacks_are_fetched_by_the_query() {
    let (tenant, session) = opened().await;
    open_schema(&tenant, &session).await;
    for count in [3, 3 * CHUNK_ROWS] {
        tenant.arm(json!({"at": "statement", "action": {"rowless": true}})).await;
        let rows = ask(&session, &numbers(count)).await.unwrap();
        assert_eq!(rows.len(), count);
    }
    assert_eq!(tenant.log("statements").await.len(), 3, "each was sent once");
}

#[tokio::test]
async fn rows_that_never_come_are_an_error_and_not_an_empty_result() {
    let (tenant, session) = opened().await;
    let body = json!({"success": true, "data": {"queryId": "q", "total": 2, "rowtype": [], "rowset": null}});
    for at in ["statement", "poll"] {
        tenant.arm(json!({"at": at, "action": {"http": 200, "body": body.to_string()}})).await;
    }
    let fault = ask(&session, &numbers(2)).await.unwrap_err();
    assert!(matches!(&fault, Fault::Answer { what } if what.contains("brought none")), "{fault:?}");
}

#[tokio::test]
async fn a_large_result_comes_whole_and_in_order() {
    let (tenant, session) = opened().await;
    open_schema(&tenant, &session).await;
    for count in [1, CHUNK_ROWS, CHUNK_ROWS + 1, 12 * CHUNK_ROWS + 7] {
        let rows = ask(&session, &numbers(count)).await.unwrap();
        assert_eq!(rows.len(), count);
        for (number, row) in rows.iter().enumerate() {
            let odd = (number % 2 == 1).then(|| "odd".to_owned());
            assert_eq!(*row, [Some(number.to_string()), odd]);
        }
    }
    assert_eq!(ask(&session, "SELECT 'x' AS X WHERE 1 = 0").await.unwrap(), Vec::<Vec<_>>::new());
}

#[tokio::test]
async fn chunks_are_read_compressed_without_a_word_and_from_storage_that_wants_its_key() {
    let (tenant, session) = opened().await;
    open_schema(&tenant, &session).await;
    tenant.arm_for_chunks(json!({"action": {"bare": true}, "times": 2})).await;
    assert_eq!(ask(&session, &numbers(3 * CHUNK_ROWS)).await.unwrap().len(), 3 * CHUNK_ROWS);
    tenant.arm(json!({"at": "key", "action": {}})).await;
    assert_eq!(ask(&session, &numbers(3 * CHUNK_ROWS)).await.unwrap().len(), 3 * CHUNK_ROWS);
}

#[tokio::test]
async fn a_session_that_cannot_be_renewed_while_a_statement_runs_leaves_its_outcome_open() {
    let (tenant, session) = opened().await;
    ask(&session, "SELECT 'signed in' AS X").await.unwrap();
    tenant.arm(json!({"at": "poll", "action": {"expire": "both"}})).await;
    let fault = ask(&session, "CALL SYSTEM$WAIT(4)").await.unwrap_err();
    assert!(fault.is_outcome_unknown(), "{fault:?}");
}

#[tokio::test]
async fn a_chunk_that_fails_is_fetched_again_and_a_lost_one_fails_the_statement() {
    let (tenant, session) = opened().await;
    open_schema(&tenant, &session).await;
    tenant.arm_for_chunks(json!({"action": {"http": 503}, "times": 2})).await;
    assert_eq!(ask(&session, &numbers(3 * CHUNK_ROWS)).await.unwrap().len(), 3 * CHUNK_ROWS);
    let lost = tenant
        .arm_for_chunks(json!({"action": {"http": 403, "body": "<Error>expired</Error>"}, "times": 9}))
        .await;
    let fault = ask(&session, &numbers(CHUNK_ROWS + 1)).await.unwrap_err();
    assert!(matches!(&fault, Fault::Answer { what } if what.contains("403")), "{fault:?}");
    assert!(!fault.to_string().contains("http://"), "addresses of chunks are signed: {fault}");
    lost.disarm().await;
}

#[tokio::test]
async fn an_answer_or_a_chunk_that_does_not_end_is_given_up_at_a_limit() {
    let (tenant, session) = opened().await;
    tenant.arm(json!({"at": "statement", "action": {"endless": true}})).await;
    let fault = tell(&session, "SELECT 'x' AS X").await.unwrap_err();
    assert!(
        matches!(&fault, Fault::ConnectionLost { reason } if reason.contains("larger than 64 MiB")),
        "{fault:?}"
    );
    open_schema(&tenant, &session).await;
    tenant.arm_for_chunks(json!({"action": {"endless": true}, "times": 9})).await;
    let rows = ask(&session, &numbers(CHUNK_ROWS + 1)).await.map(|rows| rows.len());
    assert!(rows.as_ref().is_err_and(|fault| fault.to_string().contains("larger than 256 MiB")), "{rows:?}");
}

#[tokio::test]
async fn columns_that_are_not_text_are_refused() {
    let (_tenant, session) = opened().await;
    let fault = ask(&session, "SELECT 1 AS N").await.unwrap_err();
    assert!(matches!(&fault, Fault::Answer { what } if what.contains("not text")), "{fault:?}");
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_the_statement_sent_again() {
    let (tenant, session) = opened().await;
    open_schema(&tenant, &session).await;
    ask(&session, "CREATE TEMPORARY TABLE KEPT (A VARCHAR)").await.unwrap();
    tenant.arm(json!({"at": "statement", "match": "INSERT", "action": {"expire": "session"}})).await;
    assert_eq!(tell(&session, "INSERT INTO KEPT SELECT 'x'").await.unwrap(), [1]);
    assert_eq!(ask(&session, "SELECT A FROM KEPT").await.unwrap(), [[Some("x".to_owned())]]);
    assert_eq!(tenant.log("logins").await.len(), 1);
}

#[tokio::test]
async fn a_session_that_cannot_be_renewed_ends_and_is_never_replaced_in_silence() {
    for action in [json!({"expire": "both"}), json!({"forget": true})] {
        let (tenant, session) = opened().await;
        tenant.arm(json!({"at": "statement", "action": action})).await;
        for _ in 0..2 {
            let fault = ask(&session, "SELECT 'x' AS X").await.unwrap_err();
            assert!(fault.is_session_ended(), "{action}: {fault:?}");
        }
        assert_eq!(tenant.log("logins").await.len(), 1, "temporary tables would be gone");
    }
}

#[tokio::test]
async fn renewal_gets_over_a_server_that_is_down_for_a_moment() {
    let (tenant, session) = opened().await;
    tenant.arm(json!({"at": "renew", "action": {"http": 503}})).await;
    tenant.arm(json!({"at": "statement", "action": {"expire": "session"}})).await;
    assert_eq!(ask(&session, "SELECT 'x' AS X").await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_error_keeps_snowflakes_code_and_words_and_the_query() {
    let (tenant, session) = opened().await;
    for (code, without_data) in [("000625", false), ("000630", false), ("000604", false), ("001003", true)] {
        tenant.arm(json!({"at": "statement", "action": {"code": code, "message": "its words", "null": without_data}})).await;
        let Fault::Statement { code: found, message, query_id } =
            ask(&session, "SELECT 'x' AS X").await.unwrap_err()
        else {
            panic!("{code}")
        };
        assert_eq!(
            (found.as_str(), message.as_str(), query_id.is_some()),
            (code, "its words", !without_data)
        );
    }
    let fault = ask(&session, "SELECT A FROM NOWHERE.NOTHING.NEVER").await.unwrap_err();
    assert!(fault.is_object_missing(), "{fault:?}");
}

#[tokio::test]
async fn a_query_is_asked_again_when_the_server_stumbles_and_a_change_is_not() {
    let (tenant, session) = opened().await;
    for action in [json!({"http": 503}), json!({"http": 502}), json!({"drop": true})] {
        tenant.arm(json!({"at": "statement", "action": action, "times": 2})).await;
        ask(&session, "SELECT 'x' AS X").await.unwrap();
        tenant.arm(json!({"at": "statement", "action": action})).await;
        let fault = tell(&session, "SELECT 'y' AS X").await.unwrap_err();
        assert!(fault.is_outcome_unknown(), "{action}: {fault:?}");
    }
    let sent = tenant.log("statements").await;
    let changes = sent.iter().filter(|entry| entry["sql"].as_str().unwrap().contains("'y'")).count();
    assert_eq!(changes, 3, "each change was sent once");
    let retry_counts: Vec<_> =
        sent.iter().filter_map(|entry| entry["query"]["retryCount"].as_str()).collect();
    assert_eq!(retry_counts, ["1", "2", "1", "2", "1", "2"]);
}

#[tokio::test]
async fn a_change_that_was_turned_away_unread_is_sent_again() {
    let (tenant, session) = opened().await;
    tenant.arm(json!({"at": "statement", "action": {"http": 429}})).await;
    assert_eq!(tell(&session, "SELECT '7' AS N").await.unwrap(), [7]);
    let sent = tenant.log("statements").await;
    assert_eq!(sent.iter().filter(|entry| entry["executed"] == true).count(), 1);
}

#[tokio::test]
async fn a_change_that_is_redirected_is_sent_again_to_the_same_address() {
    let (tenant, session) = opened().await;
    for status in [307, 308] {
        let elsewhere = json!({"http": status, "headers": {"location": "http://127.0.0.1:1/"}});
        tenant.arm(json!({"at": "statement", "action": elsewhere, "times": 2})).await;
        assert_eq!(tell(&session, "SELECT '7' AS N").await.unwrap(), [7], "{status}");
    }
    let sent = tenant.log("statements").await;
    assert_eq!(sent.iter().filter(|entry| entry["executed"] == true).count(), 2);
    let elsewhere = json!({"http": 307, "headers": {"location": "http://127.0.0.1:1/"}});
    tenant.arm(json!({"at": "statement", "action": elsewhere, "times": 9})).await;
    let fault = tell(&session, "SELECT '7' AS N").await.unwrap_err();
    assert!(matches!(&fault, Fault::Answer { what } if what.contains("307")), "{fault:?}");
}

#[tokio::test]
async fn a_page_that_is_not_snowflakes_is_shown_by_its_beginning() {
    let (tenant, session) = opened().await;
    let page = json!({"http": 403, "body": "<html>\n<h1>Blocked by your network</h1>"});
    tenant.arm(json!({"at": "statement", "action": page})).await;
    let fault = tell(&session, "SELECT 'x' AS X").await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Answer { what } if what.contains("Blocked by your network")),
        "{fault:?}"
    );
}

#[tokio::test]
async fn a_statement_past_its_deadline_is_aborted() {
    let tenant = Tenant::new().await;
    let session =
        tenant.session(SessionOptions { deadline: Duration::from_secs(3), ..SessionOptions::default() });
    ask(&session, "SELECT 'signed in' AS X").await.unwrap();
    let began = Instant::now();
    let fault = ask(&session, "CALL SYSTEM$WAIT(60)").await.unwrap_err();
    assert!(matches!(fault, Fault::DeadlinePassed { .. }) && fault.is_outcome_unknown(), "{fault:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
    check_last_is_aborted(&tenant).await;
}

#[tokio::test]
async fn snowflake_itself_ends_a_statement_that_takes_too_long() {
    let tenant = Tenant::new().await;
    let options = SessionOptions { statement_timeout: Duration::from_secs(1), ..SessionOptions::default() };
    let fault = ask(&tenant.session(options), "CALL SYSTEM$WAIT(60)").await.unwrap_err();
    assert_eq!(fault.code(), Some("000630"));
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_is_aborted() {
    let (tenant, session) = opened().await;
    ask(&session, "SELECT 'signed in' AS X").await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_secs(1), ask(&session, "CALL SYSTEM$WAIT(60)")).await;
    assert!(waiting.is_err(), "the future was dropped");
    // What Ctrl-C does before it leaves: wait until Snowflake was told.
    session.abort_running().await;
    check_last_is_aborted(&tenant).await;
}

#[tokio::test]
async fn a_dropped_statement_is_aborted_by_itself() {
    let (tenant, session) = opened().await;
    ask(&session, "SELECT 'signed in' AS X").await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_secs(1), ask(&session, "CALL SYSTEM$WAIT(60)")).await;
    assert!(waiting.is_err(), "the future was dropped");
    tokio::time::sleep(Duration::from_secs(1)).await;
    check_last_is_aborted(&tenant).await;
}

#[tokio::test]
async fn ctrl_c_aborts_the_statement_under_way() {
    let (tenant, session) = opened().await;
    ask(&session, "SELECT 'signed in' AS X").await.unwrap();
    let (result, ()) = tokio::join!(ask(&session, "CALL SYSTEM$WAIT(60)"), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        session.abort_running().await;
    });
    assert_eq!(result.unwrap_err().code(), Some("000604"));
    check_last_is_aborted(&tenant).await;
}

/// The table `T` of a million rows, all with the mark `old`.
async fn a_million_rows(session: &Session) {
    let thousand = numbers(1_000);
    let million = format!(
        "CREATE OR REPLACE TABLE T AS SELECT (A.N::INT * 1000 + B.N::INT)::INT AS N, 'old' AS MARK \
         FROM ({thousand}) AS A CROSS JOIN ({thousand}) AS B"
    );
    tell(session, &million).await.unwrap();
}

#[tokio::test]
async fn a_merge_that_is_cut_off_is_done_or_undone_and_its_session_goes_on() {
    let (tenant, session) = opened().await;
    open_schema(&tenant, &session).await;
    a_million_rows(&session).await;
    tell(&session, "CREATE TABLE S AS SELECT N + 500000 AS N FROM T").await.unwrap();
    let merge = "MERGE INTO T USING S ON T.N = S.N WHEN MATCHED THEN UPDATE SET MARK = 'new' \
                 WHEN NOT MATCHED THEN INSERT (N, MARK) VALUES (S.N, 'new')";
    let marks = "SELECT MARK, COUNT(*)::VARCHAR AS OF_THEM FROM T GROUP BY MARK ORDER BY MARK";
    let row = |mark: &str, count: &str| vec![Some(mark.to_owned()), Some(count.to_owned())];
    let before = vec![row("old", "1000000")];
    let after = vec![row("new", "1000000"), row("old", "500000")];
    let mut wait = Duration::ZERO;
    loop {
        let end = tokio::time::timeout(wait, tell(&session, merge)).await;
        session.abort_running().await;
        let found = ask(&session, marks).await.unwrap();
        match end {
            Ok(counts) => {
                assert_eq!((counts.unwrap(), found), (vec![500_000, 500_000], after));
                break;
            }
            Err(_) if found == after => a_million_rows(&session).await,
            Err(_) => assert_eq!(found, before, "cut off after {wait:?}"),
        }
        wait += Duration::from_millis(25);
    }
}

async fn check_last_is_aborted(tenant: &Tenant) {
    let last = tenant.log("statements").await.pop().unwrap();
    assert_eq!(last["aborted"], true, "{last}");
    let aborts = tenant.log("aborts").await;
    assert_eq!(aborts.len(), 1);
    assert_eq!(aborts[0]["request_id"], last["request_id"]);
}

#[tokio::test]
async fn a_closed_session_is_gone_and_stays_closed() {
    let (tenant, session) = opened().await;
    session.close().await.unwrap();
    assert_eq!(tenant.log("logins").await.len(), 0, "nothing to close");
    ask(&session, "SELECT 'x' AS X").await.unwrap();
    session.close().await.unwrap();
    session.close().await.unwrap();
    assert_eq!(tenant.log("sessions").await[0]["closed"], true);
    assert!(ask(&session, "SELECT 'x' AS X").await.unwrap_err().is_session_ended());
}

#[tokio::test]
async fn a_close_that_fails_says_so() {
    let (tenant, session) = opened().await;
    ask(&session, "SELECT 'x' AS X").await.unwrap();
    tenant
        .arm(json!({"at": "close", "action": {"code": "390999", "null": true, "message": "not now"}}))
        .await;
    assert_eq!(session.close().await.unwrap_err().fault.code(), Some("390999"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let tenant = Tenant::new().await;
    let connection = tenant.connection(&[("port", "1")]);
    let session = Session::new(&connection, SessionOptions::default()).unwrap();
    let fault = ask(&session, "SELECT 'x' AS X").await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Unreachable { server, .. } if server == "http://127.0.0.1:1"),
        "{fault:?}"
    );
}
