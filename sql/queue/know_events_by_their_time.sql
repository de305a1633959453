-- Older releases kept the time of the receipt alone, and forgot by it.
UPDATE DELIVERIES SET EVENT_MS = RECEIVED_MS WHERE EVENT_MS = 0;
DROP INDEX IF EXISTS DELIVERIES_BY_TIME;
