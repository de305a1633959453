SELECT {state_columns}
FROM (
    {state}
) AS G
