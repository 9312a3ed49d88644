"""A stand-in for the Terraform AWS provider, so that the real terraform can plan and test where the real provider cannot be had.

It speaks plugin protocol 6 on a unix socket, knows the arguments of the resource types in schema.json, and calls nobody. It prints what
terraform wants in TF_REATTACH_PROVIDERS, and serves until it is ended or its standard input closes.

Tables that were made lie in a file, where the stand-in for the command `aws` finds them, and puts those that it restored: they can be
imported.

usage: provider.py SOCKET TABLES
"""

import json
import os
import pathlib
import sys
import threading
from concurrent import futures

import grpc
import msgpack
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

import rules
import values

SCHEMA = json.loads((pathlib.Path(__file__).parent / "schema.json").read_text())
RESOURCES, DATA = SCHEMA["resource_schemas"], SCHEMA["data_source_schemas"]
# What AWS cannot change once it is made, as far as the checks need to see it replaced; of a task definition, nothing can be.
REPLACED_BY = {
    "aws_ecs_task_definition": {"container_definitions", "cpu", "memory", "runtime_platform"},
    "aws_dynamodb_table": {"name", "hash_key", "range_key"},
    "aws_lambda_event_source_mapping": {"event_source_arn"},
    "aws_sqs_queue": {"name", "fifo_queue"},
    "aws_sns_topic": {"name", "fifo_topic"},
    "aws_s3_bucket": {"bucket", "bucket_prefix"},
    "aws_ecr_repository": {"name"},
}
NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}
# How terraform writes "known after apply".
UNKNOWN = msgpack.ExtType(0, b"\x00")


def block_to_wire(block):
    wire = pb.Schema.Block()
    for name, attribute in sorted(block["attributes"].items()):
        flags = {flag: attribute.get(flag, False) for flag in ("required", "optional", "computed")}
        wire.attributes.add(name=name, type=json.dumps(attribute["type"]).encode(), **flags)
    for name, nested in sorted(block.get("block_types", {}).items()):
        limits = {limit: nested.get(limit, 0) for limit in ("min_items", "max_items")}
        nesting = NESTING[nested["nesting_mode"]]
        wire.block_types.add(type_name=name, block=block_to_wire(nested["block"]), nesting=nesting, **limits)
    return wire


def schema_to_wire(schema):
    return pb.Schema(version=schema["version"], block=block_to_wire(schema["block"]))


def decode(value):
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, raw=False, strict_map_key=False)
    return json.loads(value.json or "null")


def encode(value):
    return pb.DynamicValue(msgpack=msgpack.packb(value, use_bin_type=True))


class Provider(rpc.ProviderServicer):
    def GetMetadata(self, request, context):
        # Terraform then asks for the schema.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "not needed")

    def GetProviderSchema(self, request, context):
        return pb.GetProviderSchema.Response(
            provider=schema_to_wire(SCHEMA["provider"]),
            resource_schemas={name: schema_to_wire(schema) for name, schema in RESOURCES.items()},
            data_source_schemas={name: schema_to_wire(schema) for name, schema in DATA.items()},
        )

    def ValidateProviderConfig(self, request, context):
        return pb.ValidateProviderConfig.Response()

    def ConfigureProvider(self, request, context):
        region = decode(request.config).get("region")
        if isinstance(region, str):
            values.REGION = region
        return pb.ConfigureProvider.Response()

    def ValidateResourceConfig(self, request, context):
        response = pb.ValidateResourceConfig.Response()
        block = RESOURCES[request.type_name]["block"]
        for path, problem in rules.problems(request.type_name, block, decode(request.config)):
            diagnostic = response.diagnostics.add(
                severity=pb.Diagnostic.ERROR, summary="AWS does not take this", detail=f"{'.'.join(path)}: {problem}"
            )
            diagnostic.attribute.steps.add(attribute_name=path[0])
        return response

    def ValidateDataResourceConfig(self, request, context):
        return pb.ValidateDataResourceConfig.Response()

    def UpgradeResourceState(self, request, context):
        return pb.UpgradeResourceState.Response(upgraded_state=encode(json.loads(request.raw_state.json)))

    def ReadResource(self, request, context):
        return pb.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request, context):
        proposed, prior = decode(request.proposed_new_state), decode(request.prior_state)
        response = pb.PlanResourceChange.Response(planned_private=request.prior_private, legacy_type_system=True)
        if proposed is not None and prior is None:
            block = RESOURCES[request.type_name]["block"]
            proposed = values.fill(block, proposed, lambda path, kind: UNKNOWN)
        elif proposed is not None:
            changed = {name for name in proposed if proposed[name] != prior.get(name)}
            for name in changed & REPLACED_BY.get(request.type_name, set()):
                response.requires_replace.add(steps=[pb.AttributePath.Step(attribute_name=name)])
            if changed and proposed.get("publish"):
                proposed["version"] = UNKNOWN
            if "stream_enabled" in changed:
                proposed["stream_arn"] = proposed["stream_label"] = UNKNOWN
        response.planned_state.CopyFrom(encode(proposed))
        return response

    def ApplyResourceChange(self, request, context):
        planned, prior = decode(request.planned_state), decode(request.prior_state)
        if request.type_name == "aws_dynamodb_table" and planned and TABLES.read().get(planned["name"], {}).get("update_fails"):
            response = pb.ApplyResourceChange.Response(new_state=request.prior_state)
            response.diagnostics.add(severity=pb.Diagnostic.ERROR, summary="updating the table", detail="LimitExceededException")
            return response
        if planned and planned.get("publish") and values.is_unknown(planned["version"]):
            planned["version"] = str(int(prior["version"]) + 1 if prior else 1)
        made = values.fill(RESOURCES[request.type_name]["block"], planned, values.maker(request.type_name, planned))
        if request.type_name == "aws_dynamodb_table":
            TABLES.keep(prior, made)
        return pb.ApplyResourceChange.Response(new_state=encode(made), legacy_type_system=True)

    def ImportResourceState(self, request, context):
        response = pb.ImportResourceState.Response()
        table = TABLES.read().get(request.id)
        if request.type_name != "aws_dynamodb_table" or table is None or table.get("import_fails"):
            response.diagnostics.add(severity=pb.Diagnostic.ERROR, summary="Cannot import non-existent remote object", detail=request.id)
            return response
        response.imported_resources.add(type_name=request.type_name, state=encode(table["attributes"]))
        return response

    def ReadDataSource(self, request, context):
        config = decode(request.config)
        read = values.fill(DATA[request.type_name]["block"], config, values.maker(request.type_name, config))
        read.update(values.of_data_source(request.type_name))
        return pb.ReadDataSource.Response(state=encode(read))

    def GetFunctions(self, request, context):
        return pb.GetFunctions.Response()

    def StopProvider(self, request, context):
        return pb.StopProvider.Response()


class Tables:
    """Every table that was made, by name, in a file."""

    def __init__(self, file):
        self.file, self.lock = pathlib.Path(file), threading.Lock()

    def read(self):
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def keep(self, before, after):
        with self.lock:
            tables = self.read()
            if after is None:
                tables.pop(before["name"], None)
            else:
                tables[after["name"]] = {**tables.get(after["name"], {}), "attributes": after}
            # Whoever reads meanwhile reads the old file or the new one, and not half of one.
            whole = self.file.with_suffix(".new")
            whole.write_text(json.dumps(tables))
            whole.replace(self.file)


TABLES = Tables(sys.argv[2]) if len(sys.argv) > 2 else None


def main(socket):
    server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.max_send_message_length", 64 << 20)])
    rpc.add_ProviderServicer_to_server(Provider(), server)
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    address = {"Network": "unix", "String": socket}
    reattach = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
    print(json.dumps({"registry.terraform.io/hashicorp/aws": reattach}), flush=True)
    # Ends with whoever started it, however that ends.
    sys.stdin.read()
    server.stop(0)


if __name__ == "__main__":
    main(sys.argv[1])
