//! References on command lines of `tabcmd`, `tabmap` and Paradime's SDK: each input with what is to be found in it.

use super::tools::{Case, each_is_judged_as_expected};

const TABCMD_LINES: &[Case] = &[
    (".sh", "tabcmd refreshextracts --workbook \"Revenue\" --project EMEA\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook Revenue\n", &[("unknown-resource", "Revenue")]),
    (".sh", "tabcmd refreshextracts --workbook \"New Name\"\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook Revenue -r \"$PROJECT\"\n", &[]),
    (".sh", "tabcmd delete Costs --workbook -r EMEA\n", &[("unknown-resource", "Costs")]),
    (".sh", "tabcmd delete \"New Name\" -w\n", &[]),
    (".sh", "tabcmd delete -d Ordrs\n", &[("unknown-resource", "Ordrs")]),
    (".sh", "tabcmd delete Costs\n", &[]),
    (".sh", "tabcmd refreshextracts -d Orders -r Default\n", &[]),
    (".sh", "tabcmd refreshextracts -w 'New Name' --project DEFAULT\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook Costs\n", &[("unknown-resource", "Costs")]),
    (".sh", "tabcmd refreshextracts -w 'Old Name'\n", &[("moved-resource", "Old Name")]),
    (".sh", "tabcmd refreshextracts --workbook Pipeline\n", &[("unknown-resource", "Pipeline")]),
    (".sh", "tabcmd refreshextracts --workbook Pipeline -r EMEA --parent-project-path Finance\n", &[]),
    (
        ".sh",
        "tabcmd refreshextracts -w Pipeline -r EMEA --parent-project-path Sales\n",
        &[("unknown-resource", "EMEA")],
    ),
    (".sh", "tabcmd refreshextracts --datasource Orders -r default --synchronous\n", &[]),
    (".sh", "tabcmd refreshextracts --synchronous --datasource Ordrs\n", &[("unknown-resource", "Ordrs")]),
    (".sh", "tabcmd refreshextracts --url Revenue/Sheet1\n", &[]),
    (".sh", "tabcmd refreshextracts --url Costs/Sheet1\n", &[("stale-url", "Costs")]),
    (".sh", "tabcmd refreshextracts --workbook \"$NAME\"\n", &[]),
    (
        ".sh",
        "tabcmd refreshextracts --workbook Costs \\\n  --project Marketing\n",
        &[("unknown-resource", "Costs")],
    ),
    (".sh", "# tabcmd refreshextracts --workbook Costs\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook Welcome -t Default\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook Welcome --site MySite\n", &[("unknown-resource", "Welcome")]),
    (".sh", "tabcmd refreshextracts --workbook Welcome --site Nowhere\n", &[("unknown-site", "Nowhere")]),
    (".sh", "tabcmd delete --workbook Costs -r EMEA\n", &[("unknown-resource", "Costs")]),
    (".sh", "tabcmd delete --datasource=Customers\n", &[]),
    (".sh", "tabcmd delete --datasource=Customer\n", &[("unknown-resource", "Customer")]),
    (".sh", "tabcmd get \"/views/Revenue/Sheet1.png\" -f a.png\n", &[]),
    (".sh", "tabcmd get \"/views/Costs/Sheet1.png\"\n", &[("stale-url", "Costs")]),
    (".sh", "tabcmd get /views/Nothing/Sheet1.pdf\n", &[("unknown-view", "Nothing")]),
    (".sh", "tabcmd get \"/workbooks/Costs.twbx\"\n", &[("stale-url", "Costs")]),
    (".sh", "tabcmd get /workbooks/Revenue.twb\n", &[]),
    (".sh", "tabcmd export \"Revenue/Sheet1?Region=EMEA\" --pdf\n", &[]),
    (".sh", "tabcmd export \"Costs/Sheet1?Region=EMEA\" --pdf -f x.pdf\n", &[("stale-url", "Costs")]),
    (".sh", "tabcmd export --csv Costs/Sheet1\n", &[("stale-url", "Costs")]),
    (".sh", "tabcmd export Costs/Sheet1 --csv --site MySite\n", &[("stale-url", "Costs")]),
    (".sh", "tabcmd get /users.csv\n", &[]),
    (".sh", "tabcmd publish new.twbx --name New -r EMEA --overwrite\n", &[]),
    (
        ".sh",
        "tabcmd publish orders.hyper --name Ordrs -r default --append\n",
        &[("unknown-resource", "Ordrs")],
    ),
    (
        ".sh",
        "tabcmd login -s https://tableau.example.com -u me; tabcmd refreshextracts -w Costs && echo done\n",
        &[("unknown-resource", "Costs")],
    ),
    (
        ".bat",
        "\"C:\\Program Files\\Tableau\\tabcmd.exe\" refreshextracts --workbook \"Costs\" ^\r\n  --project \"EMEA\"\r\n",
        &[("unknown-resource", "Costs")],
    ),
    (".bat", "tabcmd export \"Costs/Sheet%%201\" --pdf\r\n", &[("stale-url", "Costs")]),
    (".bat", "tabcmd refreshextracts --workbook %WORKBOOK%\r\n", &[]),
    (".bat", "tabcmd refreshextracts --workbook \"%WB%\"\r\ntabcmd refreshextracts -w %A%\r\n", &[]),
    (".bat", "tabcmd refreshextracts -w \"%~1\"\r\ntabcmd delete -w %1\r\ntabcmd delete -w !WB!\r\n", &[]),
    (".bat", "for %%w in (A B) do tabcmd refreshextracts --workbook %%w\r\n", &[]),
    (
        ".bat",
        "\"C:\\Program Files\\tabcmd\\tabcmd.exe\" refreshextracts --workbook \"Costs\"\r\n",
        &[("unknown-resource", "Costs")],
    ),
    (".sh", "/opt/tabcmd/tabcmd refreshextracts --workbook Costs\n", &[("unknown-resource", "Costs")]),
    (".py", "run('C:\\\\tabcmd\\\\tabcmd.exe delete -w Costs')\n", &[("unknown-resource", "Costs")]),
    (
        ".yml",
        "steps:\n  - run: >-\n      tabcmd refreshextracts\n      --workbook \"Costs\"\n      --project EMEA\n    env: {}\n",
        &[("unknown-resource", "Costs")],
    ),
    (
        ".yml",
        "command: >  # on one line\n  tabcmd refreshextracts\n  --workbook Costs\n\nother: --workbook\n",
        &[("unknown-resource", "Costs")],
    ),
    (".yml", "command: |\n  tabcmd refreshextracts\n  --workbook Costs\n", &[]),
    (".yml", "command: >\n  tabcmd refreshextracts\n\n  --workbook Costs\n", &[]),
    (
        ".bat",
        "REM tabcmd refreshextracts --workbook Costs\r\n:: tabcmd refreshextracts --workbook Costs\r\n",
        &[],
    ),
    (
        ".ps1",
        "& tabcmd refreshextracts --workbook 'Costs' `\n  --project 'EMEA'\n",
        &[("unknown-resource", "Costs")],
    ),
    (".ps1", "# tabcmd refreshextracts --workbook 'Costs'\n", &[]),
    (
        ".yml",
        "steps:\n  - run: tabcmd refreshextracts --workbook \"Costs\"\n",
        &[("unknown-resource", "Costs")],
    ),
    (
        ".yml",
        "steps:\n  - run: |\n      tabcmd refreshextracts \\\n        --datasource \"Ordrs\"\n",
        &[("unknown-resource", "Ordrs")],
    ),
    (".yml", "steps:\n  - run: tabcmd refreshextracts --workbook \"${{ inputs.name }}\"\n", &[]),
    (
        ".py",
        "subprocess.run([\"tabcmd\", \"refreshextracts\", \"--workbook\", \"Costs\"])\n",
        &[("unknown-resource", "Costs")],
    ),
    (
        ".py",
        "subprocess.run(['tabcmd', 'refreshextracts',\n    '--workbook', name, '--project', 'EMEA'])\n",
        &[],
    ),
    (".py", "os.system(\"tabcmd refreshextracts --workbook 'Costs'\")\n", &[("unknown-resource", "Costs")]),
    (
        ".py",
        "run([\"tabcmd\", \"refreshextracts\",\n    \"--workbook\", \"Revenue\",  # weekly\n    # by name\n    \"--project\", \"EMEA\"])\n",
        &[],
    ),
    (
        ".ts",
        "spawn('tabcmd', ['refreshextracts', // now\n  '--workbook', 'Costs', // all\n  '--project', 'EMEA' // done\n]);\n",
        &[("unknown-resource", "Costs")],
    ),
    (".py", "run('tabcmd refreshextracts --workbook Revenue '\n    '--project EMEA')\n", &[]),
    (".py", "run('tabcmd refreshextracts ' + '--workbook Costs')\n", &[("unknown-resource", "Costs")]),
    (".py", "run(\"tabcmd refreshextracts \" \\\n    \"-w Costs\")\n", &[("unknown-resource", "Costs")]),
    (".py", "run('tabcmd refreshextracts --workbook Revenue ' + options)\n", &[]),
    (".py", "run('tabcmd refreshextracts '+'-w Costs')\n", &[("unknown-resource", "Costs")]),
    (".ps1", "cmd /c \"tabcmd refreshextracts --workbook \"\"New Name\"\"\"\n", &[]),
    (".yml", "- {run: 'tabcmd refreshextracts --workbook ''New Name'''}\n", &[]),
    (".py", "run(\"\"\"tabcmd refreshextracts --workbook Costs\"\"\")\n", &[("unknown-resource", "Costs")]),
    (".py", "run(['tabcmd', 'refreshextracts', '--workbook', 'Revenue', *options])\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook Revenue $OPTIONS\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook Revenue \"${options[@]}\"\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook Costs $OPTIONS\n", &[("unknown-resource", "Costs")]),
    (".py", "raise Error('tabcmd export failed')\nlog('tabcmd export: see there')\n", &[]),
    (".py", "os.system('tabcmd refreshextracts --workbook \"Costs\" ')\n", &[("unknown-resource", "Costs")]),
    (
        ".py",
        "BashOperator(bash_command=\"cd x && tabcmd refreshextracts --datasource \\\"Ordrs\\\"\")\n",
        &[("unknown-resource", "Ordrs")],
    ),
    (".py", "os.system(f'tabcmd refreshextracts --workbook \"{name}\"')\n", &[]),
    (".md", "Run `tabcmd refreshextracts --workbook Costs`.\n", &[]),
    ("", "tabcmd refreshextracts --workbook Costs\n", &[("unknown-resource", "Costs")]),
];

const GONE: &[(&str, &str)] = &[("unknown-resource", "Costs")];

const STARTED_BY_OTHERS: &[Case] = &[
    (".sh", "docker run --rm tools:1.2 tabcmd refreshextracts --workbook Costs\n", GONE),
    (".sh", "docker run --rm -e A=b example/tabcmd refreshextracts --workbook Costs\n", GONE),
    (".sh", "kubectl exec pod -- tabcmd refreshextracts -w Costs\n", GONE),
    (".sh", "-- tabcmd refreshextracts -w Costs\n", &[]),
    (
        ".py",
        "run([\"docker\", \"run\", \"tools\", \"tabcmd\", \"refreshextracts\", \"-w\", \"Costs\"])\n",
        GONE,
    ),
    (".ps1", "Start-Process tabcmd -ArgumentList \"refreshextracts\", \"--workbook\", \"Costs\"\n", GONE),
    (
        ".ps1",
        "Start-Process -FilePath \"C:\\Tools\\tabcmd.exe\" -Wait -ArgumentList @('delete', '-w', 'Costs')\n",
        GONE,
    ),
    (".ps1", "Start-Process tabcmd -Wait -NoNewWindow -Args 'refreshextracts -w \"Costs\"'\n", GONE),
    (".ps1", "start-process tabcmd -argumentlist \"refreshextracts -w `\"Costs`\" -r EMEA\"\n", GONE),
    (".ps1", "Start-Process tabcmd 'refreshextracts --workbook Costs'\n", GONE),
    (".ps1", "Start-Process tabcmd -ArgumentList \"refreshextracts\", \"--workbook\", $name\n", &[]),
    (".ps1", "Start-Process tabcmd -ArgumentList $arguments\n", &[]),
    (".ps1", "# Start-Process tabcmd -ArgumentList \"refreshextracts\", \"--workbook\", \"Costs\"\n", &[]),
    (".ps1", "& tabcmd @('refreshextracts', '--workbook', 'Costs')\n", GONE),
];

#[test]
fn command_lines_that_another_program_starts_are_judged() {
    each_is_judged_as_expected(STARTED_BY_OTHERS);
}

#[test]
fn names_on_command_lines_of_tabcmd_are_judged() {
    each_is_judged_as_expected(TABCMD_LINES);
}

const LISTS_OF_WORDS: &[Case] = &[
    (
        ".yml",
        "containers:\n  - command: [tabcmd]\n    args:\n      - refreshextracts\n      - --workbook\n      - Costs\n",
        &[("unknown-resource", "Costs")],
    ),
    (
        ".yaml",
        "containers:\n  - args: [--datasource, \"Ordrs\"]\n    command:\n      - /opt/tabcmd/tabcmd\n      - refreshextracts\n",
        &[("unknown-resource", "Ordrs")],
    ),
    (
        ".yml",
        "command:\n  - tabcmd\n  - refreshextracts\n  - --workbook\n  - Pipeline\n  - --project\n  - EMEA\n  - --parent-project-path\n  - Finance\n",
        &[],
    ),
    (
        ".yml",
        "services:\n  refresh:\n    entrypoint: [tabmap]\n    command: [refresh, workbook, 'Old Name']\n",
        &[("moved-resource", "Old Name")],
    ),
    (".yml", "command: [tabcmd, refreshextracts, --workbook, Costs]\n", &[("unknown-resource", "Costs")]),
    (
        ".yml",
        "command: [\"tabcmd\", \"refreshextracts\", \"--workbook\", \"Costs\"]\n",
        &[("unknown-resource", "Costs")],
    ),
    (".yml", "command: [tabcmd]\nargs: [refreshextracts, --workbook, $(WORKBOOK)]\n", &[]),
    (".yml", "command: [tabcmd]\nargs:\n  - refreshextracts\n  - --workbook\n  - '{{inputs.name}}'\n", &[]),
    (".yml", "command: [tabcmd]\n# args: [refreshextracts, --workbook, Costs]\n", &[]),
    (".yml", "topics:\n  - how tabcmd works\n  - refreshextracts\n  - --workbook\n  - Costs\n", &[]),
    (".yml", "command: [tabcmd-wrapper]\nargs: [refreshextracts, --workbook, Costs]\n", &[]),
    (".yml", "{% if x %}\ncommand: [tabcmd]\nargs: [refreshextracts, --workbook, Costs\n", &[]),
    (
        ".ts",
        "spawn(\"tabcmd\", [\"refreshextracts\", \"--workbook\", \"Costs\"]);\n",
        &[("unknown-resource", "Costs")],
    ),
    (".js", "execFile('tabcmd', [\n  'refreshextracts',\n  '--workbook',\n  name,\n], done);\n", &[]),
];

#[test]
fn command_lines_whose_words_are_members_of_a_list_are_judged() {
    each_is_judged_as_expected(LISTS_OF_WORDS);
}

const TABMAP_LINES: &[Case] = &[
    (".sh", "tabmap refresh workbook Revenue --project Finance/EMEA\n", &[]),
    (".sh", "tabmap refresh workbook Costs --no-wait\n", &[("unknown-resource", "Costs")]),
    (
        ".sh",
        "tabmap refresh --no-wait --if-running skip datasource Ordrs\n",
        &[("unknown-resource", "Ordrs")],
    ),
    (".sh", "tabmap refresh workbook Pipeline --project EMEA\n", &[("ambiguous-resource", "Pipeline")]),
    (".sh", "id=$(tabmap resolve workbook 'Old Name' --site MySite)\n", &[("moved-resource", "Old Name")]),
    (".sh", "tabmap resolve OLD\n", &[("replaced-luid", "OLD")]),
    (".sh", "tabmap refresh NEVER\n", &[("unknown-luid", "NEVER")]),
    (
        ".sh",
        "tabmap refresh [OPTIONS]\ntabmap resolve https://public.example.org/#/site/MySite/workbooks/101\n",
        &[],
    ),
    (".sh", "tabmap sync --site MySite\ntabmap check .\ntabmap refresh --from refresh.toml\n", &[]),
    (".yml", "script:\n  - tabmap refresh workbook \"Costs\"\n", &[("unknown-resource", "Costs")]),
    (".sh", "tabmap refresh workbook Costs 2>&1 | tee log\n", &[("unknown-resource", "Costs")]),
    ("Dockerfile", "RUN tabmap resolve workbook Costs\n", &[("unknown-resource", "Costs")]),
    (".py", "run('poetry run tabmap refresh workbook Costs')\n", &[("unknown-resource", "Costs")]),
    (".py", "run('cd /srv && sudo tabmap refresh workbook Costs')\n", &[("unknown-resource", "Costs")]),
];

#[test]
fn what_command_lines_of_this_program_name_is_judged() {
    each_is_judged_as_expected(TABMAP_LINES);
}

const SENTENCES: &[Case] = &[
    (".py", "raise ValueError('use tabmap refresh workbook NAME first')\n", &[]),
    (".py", "log.info('Run tabmap refresh workbook NAME to repair it')\n", &[]),
    (".py", "log.info('please run tabcmd export WB/Sheet')\n", &[]),
    (".py", "message = 'tabmap resolve workbook Foo is not found'\n", &[]),
    (".py", "\"\"\"Helpers.\n\nThe same as with tabcmd refreshextracts --workbook Foo\n\"\"\"\n", &[]),
    (".go", "// x\nreturn errors.New(\"see tabmap resolve workbook NAME\")\n", &[]),
    (".sh", "echo \"usage: tabcmd refreshextracts --workbook Foo\"\n", &[]),
    (".sh", "echo Usage: tabcmd refreshextracts --workbook Foo\n", &[]),
    (".sh", "echo \"not the same as: tabcmd refreshextracts --workbook Foo\"\n", &[]),
    (".sh", "cat <<EOF\nUsage:\n  tabcmd refreshextracts --workbook NAME\nEOF\n", &[]),
    (".sh", "cat <<EOF\nExample: tabcmd delete --workbook WORKBOOK_NAME -r PROJECT\nEOF\n", &[]),
    (".yml", "- run: tabcmd refreshextracts --workbook Costs\n", &[("unknown-resource", "Costs")]),
    (".yml", "script: \"tabcmd refreshextracts --workbook Costs\"\n", &[("unknown-resource", "Costs")]),
];

#[test]
fn sentences_that_speak_of_a_command_are_no_command_lines() {
    each_is_judged_as_expected(SENTENCES);
}

const PARADIME_LINES: &[Case] = &[
    (".sh", "paradime run tableau-refresh --workbook-names Revenue --wait\n", &[]),
    (
        ".sh",
        "paradime run tableau-refresh --site-name MySite --workbook-names 'Revenue, Costs,Old Name'\n",
        &[("unknown-resource", "Costs"), ("moved-resource", "Old Name")],
    ),
    (".sh", "paradime run tableau-refresh --workbook-paths 'Finance/EMEA::Pipeline'\n", &[]),
    (
        ".sh",
        "paradime run tableau-refresh --workbook-paths 'Finance/EMEA::Pipeline' --workbook-paths Sales::Revenue\n",
        &[("unknown-resource", "Sales")],
    ),
    (
        ".sh",
        "paradime run tableau-refresh --workbook-paths 'Finance/EMEA::Costs'\n",
        &[("unknown-resource", "Costs")],
    ),
    (
        ".yml",
        "commands:\n  - paradime run tableau-refresh --datasource-names Ordrs\n",
        &[("unknown-resource", "Ordrs")],
    ),
    (".sh", "paradime run tableau-refresh --datasource-names Ordrs,$NAME\n", &[]),
    (".sh", "paradime run tableau-refresh --workbook-names OLD\n", &[("replaced-luid", "OLD")]),
    (".sh", "paradime run tableau-list-workbooks --workbook-names Costs\nparadime schedule verify\n", &[]),
];

#[test]
fn names_and_paths_on_command_lines_of_paradime_are_judged() {
    each_is_judged_as_expected(PARADIME_LINES);
}
