USE SCHEMA {database}.{schema}
