"""dagster-tableau loads a site as assets, with what they depend on, and refreshes a workbook.

It speaks https alone, so a terminator of TLS with a certificate of its own stands between it and the simulator.
"""

import contextlib
import os
import socket
import ssl
import tempfile
import threading
import urllib.parse

import trustme
from simulated import DATASOURCES, READS, SITE, URL, USERNAME, WORKBOOKS, expect, jobs_of, same, workbook


def forward(source, target):
    # Either end may hang up whenever it likes.
    with contextlib.suppress(OSError), source, target:
        while data := source.recv(1 << 16):
            target.sendall(data)


def serve(listener):
    simulator = urllib.parse.urlsplit(URL)
    while True:
        client, _ = listener.accept()
        behind = socket.create_connection((simulator.hostname, simulator.port))
        for pair in [(client, behind), (behind, client)]:
            threading.Thread(target=forward, args=pair, daemon=True).start()


authority = trustme.CA()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
authority.issue_cert("localhost").configure_cert(context)
listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
threading.Thread(target=serve, args=(listener,), daemon=True).start()
bundle = tempfile.NamedTemporaryFile(suffix=".pem")
authority.cert_pem.write_to_path(bundle.name)
os.environ["REQUESTS_CA_BUNDLE"] = bundle.name

from dagster_tableau import TableauServerWorkspace, load_tableau_asset_specs  # noqa: E402

workspace = TableauServerWorkspace(
    connected_app_client_id=os.environ["APP_CLIENT"],
    connected_app_secret_id=os.environ["APP_SECRET_ID"],
    connected_app_secret_value=os.environ["APP_SECRET"],
    username=USERNAME,
    site_name=SITE,
    server_name=f"localhost:{listener.getsockname()[1]}",
)
specs = load_tableau_asset_specs(workspace)
kinds = [spec.tags["dagster-tableau/asset_type"] for spec in specs]
expect("sheets and dashboards", (kinds.count("sheet"), kinds.count("dashboard")), (len(WORKBOOKS), len(WORKBOOKS)))
sources = {
    spec.key: spec.metadata["dagster-tableau/id"]
    for spec in specs
    if spec.tags["dagster-tableau/asset_type"] == "data_source"
}
expect("published data sources", {one["luid"] for one in DATASOURCES} <= set(sources.values()), True)
for spec in specs:
    if spec.tags["dagster-tableau/asset_type"] == "sheet":
        upstream = {sources[dep.asset_key] for dep in spec.deps} & {one["luid"] for one in DATASOURCES}
        reads = READS.get(spec.metadata["dagster-tableau/workbook_id"])
        same("upstream of a sheet", upstream, [reads["luid"]] if reads else [])
target = workbook("Deliveries", "Operations 🚀")
with workspace.get_client() as client:
    refreshed = client.refresh_and_poll_workbook(target["luid"], poll_interval=0.2)
expect("refreshed", (refreshed, jobs_of(target)[-1]), (target["luid"], "Success"))
print(f"{len(specs)} assets with what they depend on; refreshed Deliveries")
