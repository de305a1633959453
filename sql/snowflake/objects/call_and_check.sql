DECLARE
    answer VARCHAR DEFAULT '';
    not_refreshed EXCEPTION (-20001, 'nothing was refreshed: the resource is not in the map, or an input is missing');
BEGIN
    CALL {procedures}."API__TABLEAU__REFRESH_RESOURCE"({nightly}) INTO :answer;
    IF (answer <> 'Resource refresh complete') THEN
        RAISE not_refreshed;
    END IF;
    RETURN answer;
END;
