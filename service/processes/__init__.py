"""The processes of ``communique serve``: a supervisor, web workers, the jobs and the hub."""
