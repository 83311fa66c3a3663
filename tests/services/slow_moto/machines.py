"""moto's EC2, as slow and as strict as Amazon's.

moto launches from images that there are not, has machines up at once, and launches again for a token that it knows. Here a machine is
`pending` for a while, its checks initialize for a while, a token launches one machine, and an image has to be there and available.

Settings, beside those of server.py, with what they are where nobody says otherwise:

    launch    {"seen": 0.2, "runs": 0.5, "well": 1.0}: seconds from a launch until it is seen, runs, and its checks find all well
    address   "": the private address of machines that are launched; one of moto's own where there is none
    dies      "": for that reason the next machine is terminated when it should run
    capacity  0: so many next launches find no room
"""

import os
import time

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from moto.core.utils import utcnow
from moto.ec2 import ec2_backends
from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError
from moto.ec2.models.instances import Instance, InstanceBackend, StateReason

DEFAULTS = {"launch": {"seen": 0.2, "runs": 0.5, "well": 1.0}, "address": "", "dies": "", "capacity": 0}
ACCOUNT = "123456789012"
original = {name: getattr(InstanceBackend, name) for name in ("run_instances", "get_multi_instances_by_id", "all_reservations")}
checks = {name: getattr(Instance, name).fget for name in ("instance_status", "system_status")}


def plant(settings):
    """Has moto be so, by these settings, which may change."""

    def run_instances(self, image_id, count, user_data, security_group_names, **kwargs):
        token, words = kwargs["client_token"], repr((image_id, user_data, sorted(kwargs.items(), key=str)))
        for reservation in self.reservations.values():
            for instance in reservation.instances:
                if getattr(instance, "_token", None) == token:
                    if instance._words != words:
                        raise EC2ClientError("IdempotentParameterMismatch", "The token was used with other parameters.")
                    return reservation
        image = self.amis.get(image_id)
        if image is None:
            raise InvalidAMIIdError(image_id)
        if image.state != "available":
            raise EC2ClientError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available.")
        if settings["capacity"] > 0:
            settings["capacity"] -= 1
            raise EC2ClientError("InsufficientInstanceCapacity", "There is no capacity in the zone that you asked for.")
        reservation = original["run_instances"](self, image_id, count, user_data, security_group_names, **kwargs)
        for instance in reservation.instances:
            instance._token, instance._words, instance._launched = token, words, time.monotonic()
            instance._takes, instance._dies = dict(settings["launch"]), settings["dies"]
            settings["dies"] = ""
            instance._state.name, instance._state.code = "pending", 0
            if settings["address"]:
                instance.nics[0].private_ip_address = settings["address"]
        return reservation

    InstanceBackend.run_instances = run_instances


def is_seen(instance):
    return not hasattr(instance, "_launched") or time.monotonic() - instance._launched >= instance._takes["seen"]


def get_multi_instances_by_id(self, instance_ids, filters=None):
    found = original["get_multi_instances_by_id"](self, instance_ids, filters)
    seen = [instance for instance in found if is_seen(instance)]
    if not seen:
        raise EC2ClientError("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(instance_ids)}' do not exist")
    return seen


def all_reservations(self, filters=None):
    found = original["all_reservations"](self, filters)
    return [it for it in found if all(is_seen(instance) for instance in it.instances)]


def status(name):
    def told(self):
        if getattr(self, "_launched", None) and time.monotonic() - self._launched < self._takes["well"]:
            return {"Status": "initializing", "Details": [{"Name": "reachability", "Status": "initializing"}]}
        return checks[name](self)

    return property(told)


InstanceBackend.get_multi_instances_by_id = get_multi_instances_by_id
InstanceBackend.all_reservations = all_reservations
for name in checks:
    setattr(Instance, name, status(name))


def settle():
    """What is up by now is."""
    for _, backends in list(ec2_backends.items()):
        for backend in backends.values():
            for reservation in list(backend.reservations.values()):
                for instance in reservation.instances:
                    if instance._state.name == "pending" and time.monotonic() - instance._launched >= instance._takes["runs"]:
                        up(instance)


def up(instance):
    if instance._dies:
        instance._state.name, instance._state.code = "terminated", 48
        instance.state_reason = StateReason(instance._dies, "Client.InternalError")
    else:
        instance._state.name, instance._state.code = "running", 16


def image(body):
    """An image that was made so many days ago; answers its identifier."""
    import datetime

    backend = ec2_backends[ACCOUNT][body["region"]]
    made = backend.register_image(body["name"], "")
    made.creation_date = utcnow() - datetime.timedelta(days=body.get("days", 1))
    made.state = body.get("state", "available")
    made.add_tags(body.get("tags", {}))
    return made.id


def deregister(body):
    backend = ec2_backends[ACCOUNT][body["region"]]
    backend.amis.pop(body["id"])
    return ""


def subnet(body):
    """The identifier of a subnet that is there from the beginning."""
    backend = ec2_backends[ACCOUNT][body["region"]]
    return sorted(it.id for it in backend.describe_subnets())[0]


SAID = {"/slow/image": image, "/slow/deregister": deregister, "/slow/subnet": subnet}


def refusal(code, said):
    """The answer of a call that is not answered well, in the words of EC2."""
    return (
        f"<Response><Errors><Error><Code>{code}</Code><Message>{said}</Message></Error></Errors>"
        "<RequestID>0</RequestID></Response>"
    )
