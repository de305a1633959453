INSERT INTO {staged_rows} (ACTION, CHANGE, {staged|%}, {before|%})
SELECT {staged_values}
FROM TABLE(FLATTEN(INPUT => {rows})) AS F
