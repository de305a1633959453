"""Signs the same token in twice and goes on with the first session."""

from tableauserverclient.server.endpoint.exceptions import FailedSignInError

from session import answer, sign_in

first = sign_in()
second = sign_in()
try:
    first.workbooks.get()
    code = None
except FailedSignInError as error:
    code = error.code
answer({"first": code, "second": len(second.workbooks.get()[0])})
