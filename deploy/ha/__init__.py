"""Three database nodes behind one door: Patroni and etcd around PostgreSQL, HAProxy in front. `python -m deploy.ha`."""
