"""Refreshes a workbook and a data source and waits; then what goes wrong with refreshes."""

import tableauserverclient as TSC
from tableauserverclient.server.endpoint.exceptions import JobCancelledException, JobFailedException

from session import answer, arguments, sign_in

server = sign_in()
document = {}

job = server.workbooks.refresh(arguments["workbook"])
document["conflict"] = server.workbooks.refresh(arguments["workbook"])
document["finish_code"] = server.jobs.wait_for_job(job, timeout=30).finish_code

job = server.datasources.refresh(arguments["datasource"])
document["datasource_finish_code"] = server.jobs.wait_for_job(job, timeout=30).finish_code
document["datasource_of_job"] = server.jobs.get_by_id(job.id).datasource_id
document["listed"] = [it.status for it in server.jobs.get()[0]]

job = server.workbooks.refresh(arguments["workbook"])
server.jobs.cancel(job.id)
try:
    server.jobs.wait_for_job(job, timeout=30)
except JobCancelledException as error:
    document["cancelled"] = error.job.finish_code

try:
    server.workbooks.refresh(arguments["without_extract"])
except TSC.ServerResponseError as error:
    document["without_extract"] = error.code

try:
    server.workbooks.refresh("no-such-workbook")
except TSC.ServerResponseError as error:
    document["missing"] = error.code

answer(document)
