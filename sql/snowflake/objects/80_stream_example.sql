-- An example, never applied: refresh when new data arrives in a table of yours. Put your own names in, and run it as a
-- role that owns a schema and has {call_role}.
CREATE STREAM IF NOT EXISTS {your_schema}."TABLEAU_NEW_DATA" ON TABLE {your_table};

CREATE TABLE IF NOT EXISTS {your_schema}."TABLEAU_NEW_DATA_SEEN" (SEEN_AT TIMESTAMP_NTZ(9), ROWS_SEEN NUMBER(38, 0));

-- In one transaction: a stream moves on only when what was read from it is committed, so a failed refresh leaves it as
-- it was and the task tries again.
CREATE TASK IF NOT EXISTS {your_schema}."TABLEAU_REFRESH_ON_NEW_DATA"
    WAREHOUSE = {warehouse}
    SCHEDULE = '5 MINUTE'
    USER_TASK_TIMEOUT_MS = 7200000
    WHEN SYSTEM$STREAM_HAS_DATA({your_stream_in_text})
AS
EXECUTE IMMEDIATE
$$
DECLARE
    answer VARCHAR DEFAULT '';
    not_refreshed EXCEPTION (-20001, 'nothing was refreshed: the resource is not in the map, or an input is missing');
BEGIN
    BEGIN TRANSACTION;
    INSERT INTO {your_schema}."TABLEAU_NEW_DATA_SEEN"
    SELECT SYSDATE(), COUNT(*) FROM {your_schema}."TABLEAU_NEW_DATA";
    CALL {procedures}."API__TABLEAU__REFRESH_RESOURCE"({nightly}) INTO :answer;
    IF (answer <> 'Resource refresh complete') THEN
        RAISE not_refreshed;
    END IF;
    COMMIT;
    RETURN answer;
EXCEPTION
    WHEN OTHER THEN
        ROLLBACK;
        RAISE;
END;
$$;

ALTER TASK {your_schema}."TABLEAU_REFRESH_ON_NEW_DATA" RESUME;
