-- What a server of schema version 7 has stored: an app that runs, one that waits, one that has failed.

UPDATE meta SET instance = 'sampleinstance';

INSERT INTO app (install, app_id, project, package, version, trademark, official, requirements, desired,
                 lifecycle, deployment, observation, created_at, settings, trashed_at, origin, catalog,
                 images, fingerprint)
VALUES
    ('install1', 'blog', 'blog', 'wordpress', '6.8', 'WordPress', 1,
     '{"cpu_cores":1,"memory_bytes":536870912,"disk_bytes":2147483648}', 'running', 'installed',
     '{"folder":"/var/lib/appmanage/apps/blog","compose_file":"/var/lib/appmanage/apps/blog/compose.yaml",
       "ports":[{"address":"0.0.0.0","protocol":"tcp","port":8080,"service":"web","target":80}],
       "subnets":[{"network":"default","subnet":"10.213.0.0/27"}],
       "images":["wordpress:6.8","mariadb:11"],
       "services":[{"name":"web","one_shot":false},{"name":"db","one_shot":false}],
       "main_service":"web","patience_ms":300000,
       "main":{"address":"127.0.0.1","port":8080,"speaks":{"http":{"ready_path":"/","path":"/","tls":true}}},
       "admin_path":"/wp-admin/","user_name":"admin","password":"Abcdefghijklmnop12345678",
       "user_variable":"ADMIN","secrets":[{"variable":"DB_PASSWORD","value":"Zbcdefghijklmnop12345678"}]}',
     '{"containers":[{"id":"c0ffee","name":"blog-web-1","service":"web","state":"running","exit_code":0,
                      "oom_killed":false,"health":"none","restart_count":1,"restart_policy":"always",
                      "created_at":1000,"started_at":2000,"finished_at":null,
                      "restarts":{"last":{"restart_count":1,"at":3000},"seen_at":[2500]},
                      "last_end":{"exit_code":1,"oom_killed":false}}],
       "answered":{"container":"c0ffee","started_at":2000}}',
     1000, '{"TITLE":{"plain":"My blog"},"DB_PASSWORD":{"secret":"Ybcdefghijklmnop12345678"}}', NULL, 'installed',
     'builtin', '[{"image":"wordpress:6.8","digest":"sha256:6aeb2cea51e9","id":"sha256:c0ffee"}]', NULL),
    ('install2', 'cache', 'cache', 'redis', '7', 'Redis', 0,
     '{"cpu_cores":1,"memory_bytes":134217728,"disk_bytes":268435456}', 'running', 'installing',
     NULL, '{"containers":[],"answered":null}', 2000, '{}', NULL, 'installed', 'websoft9', '[]',
     '0123456789abcdef'),
    ('install3', 'wiki', 'wiki', 'mediawiki', '1.43', 'MediaWiki', 1,
     '{"cpu_cores":1,"memory_bytes":134217728,"disk_bytes":268435456}', 'running', 'failed',
     NULL, '{"containers":[],"answered":null}', 3000, '{}', NULL, 'installed', 'builtin', '[]', NULL);

INSERT INTO operation (number, id, install, app_id, kind, state, failure, queued_at, started_at, finished_at,
                       last_lines, desired_before, settings_before)
VALUES
    (1, 'operation1', 'install1', 'blog', 'install', 'succeeded', NULL, 1000, 1001, 2000, '[]', 'running', '{}'),
    (2, 'operation2', 'install2', 'cache', 'install', 'queued', NULL, 2000, NULL, NULL, '[]', 'running', '{}'),
    (3, 'operation3', 'install3', 'wiki', 'install', 'failed',
     '{"class":"exit_code","subject":"web","detail":"1"}', 3000, 3001, 4000, '["cannot open /data"]', 'running',
     '{}');

INSERT INTO step (operation, position, step, attempt, started_at, ended_at, outcome, failure)
VALUES
    (1, 0, 'reserve', 1, 1001, 1002, 'succeeded', NULL),
    (3, 0, 'reserve', 1, 3001, 3900, 'undone', NULL),
    (3, 1, 'await_ready', 1, 3100, 3800, 'failed', '{"class":"exit_code","subject":"web","detail":"1"}');

INSERT INTO pull (operation, position, image, layers, complete)
VALUES (1, 0, 'wordpress:6.8',
        '[{"id":"6aeb2cea51e9","bytes_done":1000,"bytes_total":1000,"complete":true}]', 1);

INSERT INTO event (at, install, app_id, operation, what)
VALUES
    (1000, 'install1', 'blog', 'operation1', '{"kind":"queued","operation":"install"}'),
    (1001, 'install1', 'blog', 'operation1', '{"kind":"step_started","step":"reserve","attempt":1}'),
    (2000, 'install1', 'blog', NULL, '{"kind":"status_changed","from":"initing","to":"running"}'),
    (3800, 'install3', 'wiki', 'operation3',
     '{"kind":"unwinding","failure":{"class":"exit_code","subject":"web","detail":"1"}}');

INSERT INTO port_reservation (install, address, protocol, port, service, target)
VALUES ('install1', '0.0.0.0', 'tcp', 8080, 'web', 80);

INSERT INTO subnet_reservation (install, network, subnet) VALUES ('install1', 'default', '10.213.0.0/27');

INSERT INTO user (name, password_hash, created_at)
VALUES ('admin', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g', 1000);

INSERT INTO api_key (name, hash, scope, created_at, expires_at, last_used_at)
VALUES ('monitoring', zeroblob(32), 'read-only', 1000, 9000, NULL);

INSERT INTO audit (number, at, caller, address, request_id, interface, app_id, account, outcome)
VALUES (1, 1000, 'user:admin', '192.0.2.7', '7f', 'AppInstall', 'blog', '', 'ok');

INSERT INTO domain (name, install, position, added_at, served_port, certificate, failed)
VALUES ('blog.example.com', 'install1', 0, 5000, 8443,
        '{"file":"blog.example.com-6000.pem","valid_from":6000,"expires_at":7776006000}',
        '{"count":2,"failure":{"class":"ca_limit","subject":"blog.example.com","detail":"too many"},"at":9000}');

INSERT INTO catalog (name, position, source, is_trusted, added_at, synced, failed)
VALUES ('websoft9', 0, '{"git":{"url":"https://example.org/library","branch":null}}', 1, 5000,
        '{"at":6000,"format":"websoft9","revision":"0f","packages":2,"new":{"count":2,"first":["a","b"]},"changed":{"count":0,"first":[]},"gone":{"count":0,"first":[]},"unreadable":{"count":1,"first":[["x","no service"]]},"hidden":0}',
        '{"at":7000,"failure":{"class":"catalog_unreachable","subject":"https://example.org/library","detail":"no route"}}');
