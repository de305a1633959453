-- By the events' own times: this machine's clock may have been wrong.
DELETE FROM DELIVERIES WHERE EVENT_MS < (SELECT MAX(EVENT_MS) FROM DELIVERIES) - ?1
