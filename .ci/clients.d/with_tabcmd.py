"""tabcmd lists workbooks and sites, and waits for a refresh by name."""

from simulated import PAT_NAME, PAT_SECRET, SITE, URL, WORKBOOKS, expect, jobs_of, run, same, workbook


def tabcmd(*arguments):
    server = ["--server", URL, "--site", SITE, "--token-name", PAT_NAME, "--token-value", PAT_SECRET, "--no-cookie"]
    return run("tabcmd", *arguments, *server).splitlines()


listed = tabcmd("list", "workbooks")
same("workbooks", [line[4:] for line in listed if line.startswith("ID: ")], [one["luid"] for one in WORKBOOKS])
sites = tabcmd("listsites")
expect("sites", [line.split()[1] for line in sites if "SITEID" in line], [SITE])
target = workbook("Deliveries", "Operations 🚀")
tabcmd("refreshextracts", "--workbook", "Deliveries", "--project", "Operations 🚀", "--synchronous")
expect("job", jobs_of(target)[-1], "Success")
print(f"{len(WORKBOOKS)} workbooks, the site; refreshed Deliveries")
