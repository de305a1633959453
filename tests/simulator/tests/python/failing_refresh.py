"""Waits for a job that is going to fail."""

from tableauserverclient.server.endpoint.exceptions import JobFailedException

from session import answer, arguments, sign_in

server = sign_in()
job = server.workbooks.refresh(arguments["workbook"])
try:
    server.jobs.wait_for_job(job, timeout=30)
    answer({})
except JobFailedException as error:
    answer({"finish_code": error.job.finish_code, "notes": error.job.notes})
