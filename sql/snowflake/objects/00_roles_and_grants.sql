-- The two roles, and where everything lives. Needs ACCOUNTADMIN.
--
-- {sync_role} keeps the map and owns what belongs to it: tables, procedure, tasks, alert.
-- {call_role} may call the procedure and read the map, nothing else. Grant it to the roles of your pipelines.
USE ROLE ACCOUNTADMIN;

CREATE ROLE IF NOT EXISTS {sync_role} COMMENT = 'Keeps the map of Tableau names (tabmap)';

CREATE ROLE IF NOT EXISTS {call_role} COMMENT = 'Refreshes Tableau resources by name (tabmap)';

GRANT ROLE {sync_role} TO ROLE SYSADMIN;

GRANT ROLE {call_role} TO ROLE SYSADMIN;

CREATE DATABASE IF NOT EXISTS {database};

CREATE SCHEMA IF NOT EXISTS {maps};

CREATE SCHEMA IF NOT EXISTS {procedures};

GRANT USAGE ON WAREHOUSE {warehouse} TO ROLE {sync_role};

GRANT USAGE ON DATABASE {database} TO ROLE {sync_role};

GRANT USAGE ON SCHEMA {maps} TO ROLE {sync_role};

GRANT USAGE ON SCHEMA {procedures} TO ROLE {sync_role};

GRANT CREATE TABLE, CREATE VIEW ON SCHEMA {maps} TO ROLE {sync_role};

-- For a map that another role created; what the role creates itself is its own.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {maps} TO ROLE {sync_role};

GRANT CREATE PROCEDURE, CREATE FUNCTION, CREATE TASK ON SCHEMA {procedures} TO ROLE {sync_role};

GRANT CREATE ALERT ON SCHEMA {procedures} TO ROLE {sync_role};

GRANT EXECUTE TASK ON ACCOUNT TO ROLE {sync_role};

GRANT EXECUTE ALERT ON ACCOUNT TO ROLE {sync_role};

GRANT USAGE ON WAREHOUSE {warehouse} TO ROLE {call_role};

GRANT USAGE ON DATABASE {database} TO ROLE {call_role};

GRANT USAGE ON SCHEMA {maps} TO ROLE {call_role};

GRANT USAGE ON SCHEMA {procedures} TO ROLE {call_role};

-- Whoever creates or calls the procedure must be allowed to use the repository of its packages. Most accounts grant that to
-- PUBLIC.
GRANT DATABASE ROLE {repository_role} TO ROLE {sync_role};

GRANT DATABASE ROLE {repository_role} TO ROLE {call_role};
