UPDATE {runs} SET SERVER_URL = {new_server} WHERE SERVER_URL = {old_server}
