select {{ "no_such_column" if env_var("FAIL", "") == "fail" else "1" }} as id
