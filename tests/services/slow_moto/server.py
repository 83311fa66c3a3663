"""moto's RDS, and its EC2 (machines.py), as slow and as strict as Amazon's.

moto does at once what takes Amazon minutes, and takes what Amazon refuses. Here snapshots, restores, renames and changes are underway for a
while, the newest moment to which a database can be brought back lags, windows and states are held to, and automated backups outlive their
database. What is to go wrong is said by settings, in SLOW_MOTO (JSON) or by POST to /slow/set.

    python3 server.py PORT

Settings, with what they are where nobody says otherwise:

    takes     {"snapshot": 0.4, "restore": 0.4, "rename": 0.3, "change": 0.2}: seconds
    lag       0.3: seconds from now back to the newest moment
    page      2: so many things in an answer, for which a Marker follows
    fail      []: what is begun next with an identifier that holds one of these ends failed; each strikes once
    throttle  {}: action to how many of its next calls are throttled; retry_after seconds are said with it
    retry_after 1
    busy      {}: action to how many of its next calls are answered with 503 RequestLimitExceeded
    expired   false: the credentials have ended
    denied    []: actions that the policy does not allow
    vanish    {}: identifier to after how many looks (DescribeDBInstances) the instance is gone
    drop      {}: "after": the so-manieth changing call from now is done, and its connection closed without an answer; "before": not done
    hold      0: the so-manieth changing call from now is done and then never answered; `held` is written to the file of what was done
    log       "": a file to which `service:Action` is written for every call
    done      "": a file to which each change that was carried out is written, as `service:Action` with the names in it
"""

import datetime
import io
import json
import os
import random
import re
import select
import signal
import socket
import string
import sys
import threading
import time
import urllib.parse

import machines
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.kms.models import kms_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.rds import exceptions as errors
from moto.rds import models, responses
from werkzeug.serving import WSGIRequestHandler, run_simple

DEFAULTS = {
    "takes": {"snapshot": 0.4, "restore": 0.4, "rename": 0.3, "change": 0.2},
    "lag": 0.3,
    "page": 2,
    "fail": [],
    "throttle": {},
    "retry_after": 1,
    "busy": {},
    "expired": False,
    "denied": [],
    "vanish": {},
    "drop": {},
    "hold": 0,
    "log": "",
    "done": "",
}
ACCOUNT = "123456789012"
settings = {}
# Deleted instances whose automated backups are kept: (region, instance, when it was deleted), the newest last.
gone = []
lock = threading.RLock()


def forget():
    settings.clear()
    settings.update(json.loads(json.dumps({**DEFAULTS, **machines.DEFAULTS})), **json.loads(os.environ.get("SLOW_MOTO", "{}")))
    gone.clear()


# What is underway


def begin(thing, status, takes, then=None):
    """A thing is in that state for a while; then something is done to it."""
    now = time.monotonic()
    thing._slow = (status, now, now + settings["takes"][takes], then)


def fails(identifier):
    for part in settings["fail"]:
        if part in identifier:
            settings["fail"].remove(part)
            return True
    return False


def create(thing, identifier, takes):
    failed = fails(identifier)

    def done():
        if failed:
            thing._last = "failed"
        thing._since = utcnow()

    begin(thing, "creating", takes, done)


def settle():
    """What has come to its end is ended."""
    machines.settle()
    for _, backends in list(models.rds_backends.items()):
        for backend in backends.values():
            things = [backend.databases, backend.clusters, backend.database_snapshots, backend.cluster_snapshots]
            for thing in [thing for kind in things for thing in list(kind.values())]:
                slow = getattr(thing, "_slow", None)
                if slow and slow[2] <= time.monotonic():
                    thing._slow = None
                    if slow[3]:
                        slow[3]()


def status(self):
    slow = getattr(self, "_slow", None)
    return slow[0] if slow else getattr(self, "_last", "available")


def set_status(self, value):
    # moto says `creating` of what is there.
    self._last = "available" if value == "creating" else value


def percent_progress(self):
    slow = getattr(self, "_slow", None)
    if not slow:
        return 100
    return min(99, int(100 * (time.monotonic() - slow[1]) / max(slow[2] - slow[1], 0.001)))


def require(thing, what):
    """Nothing can be done to what is in the middle of something."""
    if thing.status != "available":
        kind = "DBCluster" if isinstance(thing, models.DBCluster) else "DBInstance"
        fault = "Fault" if kind == "DBCluster" else ""
        raise errors.RDSClientError(f"Invalid{kind}State{fault}", f"{what} is not in the available state: {thing.status}.")


for kind in (models.DBInstance, models.DBCluster, models.DBSnapshot, models.DBClusterSnapshot):
    kind.status = property(status, set_status)
    kind._status = property(status, set_status)
for kind in (models.DBSnapshot, models.DBClusterSnapshot):
    kind.percent_progress = property(percent_progress, lambda self, value: None)


def made(kind, takes, identifier):
    original = kind.__init__

    def init(self, *args, **kwargs):
        self._slow = None
        original(self, *args, **kwargs)
        self._since = None
        if isinstance(self, models.DBInstance):
            random_id = "".join(random.choice(string.ascii_uppercase + string.digits) for _ in range(26))
            self.dbi_resource_id = f"db-{random_id}"
        if getattr(self, "snapshot_type", "manual") == "manual":
            create(self, identifier(self), takes)

    kind.__init__ = init


made(models.DBInstance, "restore", lambda it: it.db_instance_identifier)
made(models.DBCluster, "restore", lambda it: it.db_cluster_identifier)
made(models.DBSnapshot, "snapshot", lambda it: it.db_snapshot_identifier)
made(models.DBClusterSnapshot, "snapshot", lambda it: it.db_cluster_snapshot_identifier)
endpoint = models.DBInstance.endpoint.fget
models.DBInstance.endpoint = property(lambda self: None if self.status == "creating" else endpoint(self))


# Automated backups


def window(thing, deleted=None):
    """From when to when it can be brought back; none before its first backup."""
    since = thing._since
    if not since or not thing.backup_retention_period or isinstance(thing, models.DBInstanceClustered):
        return None
    latest = (deleted or utcnow()) - datetime.timedelta(seconds=settings["lag"])
    latest = latest.replace(microsecond=0)
    return (since.replace(microsecond=0), latest) if latest > since else None


def latest(self):
    found = window(self)
    return found and found[1]


models.DBInstance.latest_restorable_time = property(latest)
models.DBCluster.latest_restorable_time = property(latest)
models.DBCluster.earliest_restorable_time = property(
    lambda self: (window(self) or [None])[0], lambda self, value: None
)


def backup(thing, deleted=None):
    found = window(thing, deleted)
    told = {
        "Status": "retained" if deleted else "active",
        "Region": thing.region,
        "AllocatedStorage": thing.allocated_storage,
        "Engine": thing.engine,
        "BackupRetentionPeriod": thing.backup_retention_period,
    }
    if found:
        told["RestoreWindow"] = {"EarliestTime": found[0], "LatestTime": found[1]}
    if isinstance(thing, models.DBInstance):
        return told | {"DBInstanceIdentifier": thing.db_instance_identifier, "DbiResourceId": thing.dbi_resource_id}
    return told | {"DBClusterIdentifier": thing.db_cluster_identifier, "DbClusterResourceId": thing.db_cluster_resource_id}


def paged(self, key, things, **more):
    begins = int(self.params.get("Marker") or 0)
    ends = begins + settings["page"]
    marker = {"Marker": str(ends)} if ends < len(things) else {}
    return ActionResult({key: things[begins:ends], **marker, **more})


def instance_backups(self):
    wanted = self.params.get("DBInstanceIdentifier")
    backed_up = [it for it in self.backend.databases.values() if it.backup_retention_period]
    living = [it for it in backed_up if not isinstance(it, models.DBInstanceClustered)]
    told = [backup(it, when) for region, it, when in gone if region == self.region]
    told += [backup(it) for it in living]
    told = [it for it in told if wanted in (None, it["DBInstanceIdentifier"])]
    if wanted and not told:
        raise errors.RDSClientError("DBInstanceAutomatedBackupNotFound", f"No automated backup of {wanted} found.")
    return paged(self, "DBInstanceAutomatedBackups", told)


def cluster_backups(self):
    wanted = self.params.get("DBClusterIdentifier")
    told = [backup(it) for it in self.backend.clusters.values() if wanted in (None, it.db_cluster_identifier)]
    return paged(self, "DBClusterAutomatedBackups", told)


responses.RDSResponse.describe_db_instance_automated_backups = instance_backups
responses.RDSResponse.describe_db_cluster_automated_backups = cluster_backups


# Looking


def filters(self):
    return {it["Name"]: it["Values"] for it in self.params.get("Filters", [])}


def describe_instances(self):
    identifier = self.params.get("DBInstanceIdentifier")
    left = settings["vanish"].get(identifier)
    if left is not None:
        settings["vanish"][identifier] = left - 1
        if left <= 0:
            self.backend.databases.pop(identifier, None)
    return paged(self, "DBInstances", self.backend.describe_db_instances(identifier, filters(self)))


def describe_clusters(self):
    identifier = self.params.get("DBClusterIdentifier")
    return paged(self, "DBClusters", self.backend.describe_db_clusters(identifier, filters(self)))


def describe_snapshots(self):
    database, identifier = self.params.get("DBInstanceIdentifier"), self.params.get("DBSnapshotIdentifier")
    wanted = filters(self)
    if resource := self.params.get("DbiResourceId"):
        wanted["dbi-resource-id"] = [resource]
    kind = self.params.get("SnapshotType")
    return paged(self, "DBSnapshots", self.backend.describe_db_snapshots(database, identifier, kind, wanted))


def describe_cluster_snapshots(self):
    database, identifier = self.params.get("DBClusterIdentifier"), self.params.get("DBClusterSnapshotIdentifier")
    kind = self.params.get("SnapshotType")
    found = self.backend.describe_db_cluster_snapshots(database, identifier, kind, filters(self))
    resource = self.params.get("DbClusterResourceId")
    found = [it for it in found if resource in (None, it.cluster.db_cluster_resource_id)]
    return paged(self, "DBClusterSnapshots", found)


responses.RDSResponse.describe_db_instances = describe_instances
responses.RDSResponse.describe_db_clusters = describe_clusters
responses.RDSResponse.describe_db_snapshots = describe_snapshots
responses.RDSResponse.describe_db_cluster_snapshots = describe_cluster_snapshots


# Changing

Backend = models.RDSBackend
original = {name: getattr(Backend, name) for name in dir(Backend) if not name.startswith("__")}


def create_db_snapshot(self, db_instance_identifier, db_snapshot_identifier, snapshot_type="manual", **more):
    instance = self.databases.get(db_instance_identifier)
    if snapshot_type == "manual" and instance and db_snapshot_identifier not in self.database_snapshots:
        require(instance, db_instance_identifier)
        begin(instance, "backing-up", "snapshot")
    return original["create_db_snapshot"](
        self, db_instance_identifier, db_snapshot_identifier, snapshot_type=snapshot_type, **more
    )


def create_db_cluster_snapshot(self, db_cluster_identifier, db_cluster_snapshot_identifier, snapshot_type="manual", **more):
    cluster = self.clusters.get(db_cluster_identifier)
    if snapshot_type == "manual" and cluster and db_cluster_snapshot_identifier not in self.cluster_snapshots:
        require(cluster, db_cluster_identifier)
        begin(cluster, "backing-up", "snapshot")
    return original["create_db_cluster_snapshot"](
        self, db_cluster_identifier, db_cluster_snapshot_identifier, snapshot_type=snapshot_type, **more
    )


def create_auto_snapshot(self, db_instance_identifier, db_snapshot_identifier):
    # Two databases of one name within a minute.
    self.database_snapshots.pop(db_snapshot_identifier, None)
    return original["create_auto_snapshot"](self, db_instance_identifier, db_snapshot_identifier)


def create_auto_cluster_snapshot(self, db_cluster_identifier, db_snapshot_identifier):
    self.cluster_snapshots.pop(db_snapshot_identifier, None)
    return original["create_auto_cluster_snapshot"](self, db_cluster_identifier, db_snapshot_identifier)


def usable(snapshot, kind):
    if snapshot.status != "available":
        raise errors.RDSClientError(f"Invalid{kind}State", f"The snapshot is not available: {snapshot.status}.")


def copy_db_snapshot(self, source_db_snapshot_identifier, target_db_snapshot_identifier, **more):
    if target_db_snapshot_identifier not in self.database_snapshots:
        usable(self.get_db_snapshot(source_db_snapshot_identifier), "DBSnapshot")
    return original["copy_db_snapshot"](self, source_db_snapshot_identifier, target_db_snapshot_identifier, **more)


def delete_db_snapshot(self, db_snapshot_identifier):
    snapshot = self.database_snapshots.get(db_snapshot_identifier)
    if snapshot and snapshot.status == "creating":
        usable(snapshot, "DBSnapshot")
    return original["delete_db_snapshot"](self, db_snapshot_identifier)


def delete_db_cluster_snapshot(self, db_snapshot_identifier):
    snapshot = self.cluster_snapshots.get(db_snapshot_identifier)
    if snapshot and snapshot.status == "creating":
        usable(snapshot, "DBClusterSnapshot")
    return original["delete_db_cluster_snapshot"](self, db_snapshot_identifier)


def delete_db_instance(self, db_instance_identifier, delete_automated_backups=True, **more):
    instance = self.databases.get(db_instance_identifier)
    answer = original["delete_db_instance"](
        self, db_instance_identifier, delete_automated_backups=delete_automated_backups, **more
    )
    if instance and delete_automated_backups is False:
        gone.append((self.region_name, instance, utcnow()))
    return answer


def days_are_right(kwargs, least):
    days = kwargs.get("backup_retention_period")
    if days is not None and not least <= days <= 35:
        raise errors.InvalidParameterValue(f"Invalid backup retention period: {days}. Must be between {least} and 35.")


def modify_db_instance(self, db_instance_identifier, kwargs):
    self.describe_db_instances(db_instance_identifier)
    instance = self.databases[db_instance_identifier]
    days_are_right(kwargs, 0)
    # moto would keep the request's spelling as well.
    kwargs = {key: value for key, value in kwargs.items() if key != "db_instance_identifier"}
    new = kwargs.pop("new_db_instance_identifier", None)
    if new and new in self.databases:
        raise errors.DBInstanceAlreadyExists()
    require(instance, db_instance_identifier)
    if not kwargs.pop("apply_immediately", False):
        # It would come in the maintenance window.
        return instance
    if not new:
        answer = original["modify_db_instance"](self, db_instance_identifier, kwargs)
        begin(instance, "modifying", "change")
        return answer

    def renamed():
        self.databases[new] = self.databases.pop(db_instance_identifier)
        instance.db_instance_identifier = new

    begin(instance, "renaming", "rename", renamed)
    return instance


def modify_db_cluster(self, kwargs):
    identifier = kwargs["db_cluster_identifier"]
    self.describe_db_clusters(identifier)
    cluster = self.clusters[identifier]
    days_are_right(kwargs, 1)
    new = kwargs.get("new_db_cluster_identifier")
    if new and new in self.clusters:
        raise errors.RDSClientError("DBClusterAlreadyExistsFault", f"DB Cluster {new} already exists.")
    require(cluster, identifier)
    if not kwargs.get("apply_immediately"):
        return cluster
    if not new:
        original["modify_db_cluster"](self, dict(kwargs))
        begin(cluster, "modifying", "change")
        return cluster

    def renamed():
        members = cluster._members if isinstance(cluster._members, list) else cluster._members()
        self.clusters[new] = self.clusters.pop(identifier)
        cluster.db_cluster_identifier = new
        for member in members:
            member.db_cluster_identifier = new

    begin(cluster, "renaming", "rename", renamed)
    return cluster


def source_of(self, name, resource, things, attribute, missing):
    """The database whose automated backups are meant, with when it was deleted."""
    for thing in things.values():
        if resource == getattr(thing, attribute) or (not resource and thing.resource_id == name):
            return thing, None
    for region, thing, when in gone:
        if region == self.region_name and resource and resource == getattr(thing, attribute, None):
            return thing, when
    raise errors.RDSClientError(*missing)


def is_within(thing, deleted, moment):
    found = window(thing, deleted)
    if not found:
        raise errors.RDSClientError("PointInTimeRestoreNotEnabled", "Automated backups are not there.")
    if moment:
        moment = moment.replace(tzinfo=None)
        earliest, last = (it.replace(tzinfo=None) for it in found)
        if not earliest <= moment <= last:
            raise errors.InvalidParameterValue(f"The specified instance cannot be restored to a time outside {earliest} - {last}.")


def restore_db_instance_to_point_in_time(self, source_db_identifier, target_db_identifier, overrides):
    if target_db_identifier in self.databases:
        raise errors.DBInstanceAlreadyExists()
    resource = overrides.get("source_dbi_resource_id")
    missing = ("DBInstanceAutomatedBackupNotFound" if resource else "DBInstanceNotFound", "The source is not found.")
    source, deleted = source_of(self, source_db_identifier, resource, self.databases, "dbi_resource_id", missing)
    is_within(source, deleted, overrides.get("restore_time"))
    self.describe_db_instances = lambda **_: [source]
    try:
        return original["restore_db_instance_to_point_in_time"](self, "", target_db_identifier, overrides)
    finally:
        del self.describe_db_instances


def restore_db_instance_from_db_snapshot(self, from_snapshot_id, overrides):
    usable(self.get_db_snapshot(from_snapshot_id), "DBSnapshot")
    return original["restore_db_instance_from_db_snapshot"](self, from_snapshot_id, overrides)


def is_free(self, identifier):
    if identifier in self.clusters:
        raise errors.RDSClientError("DBClusterAlreadyExistsFault", f"DB Cluster {identifier} already exists.")


def restore_db_cluster_to_point_in_time(self, db_cluster_identifier, source_db_cluster_identifier=None, **more):
    is_free(self, db_cluster_identifier)
    resource = more.pop("source_db_cluster_resource_id", None)
    missing = ("DBClusterAutomatedBackupNotFoundFault" if resource else "DBClusterNotFoundFault", "The source is not found.")
    source, deleted = source_of(
        self, source_db_cluster_identifier, resource, self.clusters, "db_cluster_resource_id", missing
    )
    is_within(source, deleted, more.get("restore_to_time"))
    self.describe_db_clusters = lambda **_: [source]
    try:
        return original["restore_db_cluster_to_point_in_time"](self, db_cluster_identifier, "", **more)
    finally:
        del self.describe_db_clusters


def restore_db_cluster_from_snapshot(self, from_snapshot_id, overrides):
    is_free(self, overrides["db_cluster_identifier"])
    usable(self.get_db_cluster_snapshot(from_snapshot_id), "DBClusterSnapshot")
    return original["restore_db_cluster_from_snapshot"](self, from_snapshot_id, overrides)


CHANGES = [
    create_db_snapshot,
    create_db_cluster_snapshot,
    create_auto_snapshot,
    create_auto_cluster_snapshot,
    copy_db_snapshot,
    delete_db_snapshot,
    delete_db_cluster_snapshot,
    delete_db_instance,
    modify_db_instance,
    modify_db_cluster,
    restore_db_instance_to_point_in_time,
    restore_db_instance_from_db_snapshot,
    restore_db_cluster_to_point_in_time,
    restore_db_cluster_from_snapshot,
]
for change in CHANGES:
    setattr(Backend, change.__name__, change)


# What the test says behind everybody's back


def put(body):
    """A database that has been there for so many hours. What it is made of are moto's own words."""
    backend = models.rds_backends[ACCOUNT][body["region"]]
    kwargs = body["like"]
    if body["kind"] == "cluster":
        thing = backend.create_db_cluster(kwargs)
    else:
        thing = backend.create_db_instance(kwargs)
    thing._slow = None
    thing._since = utcnow() - datetime.timedelta(hours=body.get("hours", 48))
    return ""


def delete(body):
    backend = models.rds_backends[ACCOUNT][body["region"]]
    backend.databases[body["identifier"]].deletion_protection = False
    backend.delete_db_instance(body["identifier"], delete_automated_backups=not body.get("keep", True), skip_final_snapshot=True)
    return ""


def key(body):
    """A key of that region."""
    backend = kms_backends[ACCOUNT][body["region"]]
    return backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", [], body["region"]).arn


def change_settings(body):
    settings.update(body)
    return ""


machines.plant(settings)
SAID = machines.SAID | {"/slow/put": put, "/slow/delete": delete, "/slow/key": key, "/slow/set": change_settings}


# The server


def action_of(environ, body):
    """Of which service, and what is asked of it."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    service = scope.group(1) if scope else "unsigned"
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    asked = urllib.parse.parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0] if service != "s3" else ""
    return service, asked or target or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def changes(service, action):
    if service == "s3":
        return not action.startswith(("GET", "HEAD"))
    return not action.startswith(("Describe", "List", "Get"))


def refusal(service, action):
    """The answer of a call that is not to be answered well; none where it is."""
    if service == "ec2" and action in settings["denied"]:
        return "403 Forbidden", "UnauthorizedOperation", "You are not authorized to perform this operation.", {}
    if settings["expired"]:
        return "403 Forbidden", "ExpiredToken", "The security token included in the request is expired", {}
    if action in settings["denied"]:
        said = f"User: arn:aws:iam::{ACCOUNT}:user/tester is not authorized to perform: rds:{action} because no identity-based policy allows it"
        return "403 Forbidden", "AccessDenied", said, {}
    for name, state, code, headers in (
        ("throttle", "400 Bad Request", "Throttling", {"Retry-After": str(settings["retry_after"])}),
        ("busy", "503 Service Unavailable", "RequestLimitExceeded", {}),
    ):
        left = settings[name].get(action, 0)
        if left > 0:
            settings[name][action] = left - 1
            return state, code, "Rate exceeded", headers
    return None


def is_dropped(edge):
    left = settings["drop"].get(edge)
    if left is None:
        return False
    settings["drop"][edge] = left - 1
    if left == 1:
        del settings["drop"][edge]
    return left == 1


def close(environ):
    connection = environ["werkzeug.socket"]
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Whoever asked is gone already.
        pass
    return []


def carried_out(service, action, body):
    """Writes down that a change was."""
    asked = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
    names = [f"{key}={values[0]}" for key, values in sorted(asked.items()) if key.endswith("Identifier")]
    write("done", " ".join([f"{service}:{action}", *names]))


def write(name, line):
    if settings[name]:
        with open(settings[name], "a", encoding="utf-8") as out:
            out.write(line + "\n")


def is_held():
    settings["hold"] = max(0, left := settings["hold"] - 1)
    return left == 0


class Held(Exception):
    """What was asked is done, and nobody is to be answered."""


def hold(environ):
    """Says nothing until whoever asked is gone."""
    write("done", "held")
    connection = environ["werkzeug.socket"]
    select.select([connection], [], [], 60)
    return close(environ)


class Slow:
    """The servers of moto, one call after the other."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        path = environ["PATH_INFO"]
        with lock:
            if path in SAID:
                said = SAID[path](json.loads(environ["wsgi.input"].read(length)))
                start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(said)))])
                return [said.encode()]
            if path.startswith("/moto-api"):
                if path == "/moto-api/reset":
                    forget()
                return self.app(environ, start_response)
        # What comes in pieces is S3's.
        if environ.get("HTTP_TRANSFER_ENCODING"):
            return self.app(environ, start_response)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        try:
            with lock:
                return self.asked(environ, start_response, body)
        except Held:
            return hold(environ)

    def asked(self, environ, start_response, body):
        service, action = action_of(environ, body)
        write("log", f"{service}:{action}")
        settle()
        refused = refusal(service, action)
        if refused:
            state, code, said, headers = refused
            answer = machines.refusal(code, said).encode() if service == "ec2" else (
                '<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type>'
                f"<Code>{code}</Code><Message>{said}</Message></Error><RequestId>0</RequestId></ErrorResponse>"
            ).encode()
            start_response(state, [("Content-Type", "text/xml"), ("Content-Length", str(len(answer))), *headers.items()])
            return [answer]
        if changes(service, action):
            if is_dropped("before"):
                return close(environ)
            return self.changed(environ, start_response, body, (service, action))
        return [b"".join(self.app(environ, start_response))]

    def changed(self, environ, start_response, body, call):
        said = []
        answer = b"".join(self.app(environ, lambda *head: said.append(head)))
        if said[0][0].startswith("200"):
            carried_out(*call, body)
        if is_dropped("after"):
            return close(environ)
        if is_held():
            raise Held
        start_response(*said[0])
        return [answer]


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


def main():
    port = int(sys.argv[1])
    os.environ["MOTO_PORT"] = str(port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    forget()
    app = DomainDispatcherApplication(create_backend_app)
    app.debug = True
    run_simple("127.0.0.1", port, Slow(app), threaded=True, request_handler=Quiet)


if __name__ == "__main__":
    main()
