"""What a stream of requests took on several chips, `acortex.system/1`, as types: what each number is, and its unit."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, TableResult


class Stream(Document):
    """How requests came."""

    kind: str
    """saturated, poisson or file."""
    requests: int
    """How many there were."""
    rate_per_s: float | None
    """Requests per second of a random stream, else null."""
    seed: int | None
    """The seed of a random stream, else null."""


class Times(Document):
    """A time of all requests, in seconds. Percentiles are times of requests: p95 is the least that 95 % keep to."""

    mean: float
    """On average."""
    min: float
    """The shortest."""
    p50: float
    """Half of the requests take at most this."""
    p95: float
    """95 % take at most this."""
    p99: float
    """99 % take at most this."""
    max: float
    """The longest."""


class SystemEnergy(Document):
    """Where energy went, in attojoules, exact: what chips took for requests, what they leaked, and links."""

    chips: int
    """Of chips, without leakage."""
    leakage: int
    """Of chips, from their start to their halt."""
    links: int
    """Of the words that crossed links."""


class ServedChip(Document):
    """One chip of a system, and what the stream was to it."""

    stage: str
    """The stage that it is."""
    replica: int
    """The copy of the system that it is in; the first is 0."""
    program: str
    """The program that it runs."""
    chip: str
    """What kind of chip it is."""
    requests: int
    """How many it served."""
    idle_latency_s: float
    """The time of a request where none is before it, from its first word to its last."""
    interval_s: float
    """The time between completions of a chip that is never idle, on average."""
    utilisation: float
    """The share of the whole time that its requests need at this interval."""
    wait_s: float
    """What a request took longer than on an idle chip, on average."""
    energy_aj: int
    """Of its requests, without leakage."""
    leakage_aj: int
    """What it leaked."""


class ServedLink(Document):
    """One link of a system, and what the stream was to it."""

    source: str
    """The stage that sends."""
    target: str
    """The stage that receives."""
    replica: int
    """The copy of the system that it is in; the first is 0."""
    tensors: list[str]
    """What it moves."""
    requests: int
    """Of how many requests it moved words."""
    words: int
    """Words of each request."""
    interval_s: float
    """How long they take the link."""
    latency_s: float
    """How long they are under way, the first to be sent to the last to come."""
    utilisation: float
    """The share of the whole time in which it moved words."""
    wait_s: float
    """How long a request waited for it, on average."""
    energy_aj: int
    """Of all words."""


class Bottleneck(Document):
    """The chip or the link that limits how many requests can be served."""

    kind: Literal["chip", "link"]
    """Which of both it is."""
    name: str
    """The stage, or the stages that the link joins."""
    interval_s: float
    """The least time between two requests there."""
    requests_per_s: float
    """What all replicas can serve at most."""


class SystemReport(TableResult):
    """What a stream of requests took on several chips: how long, how much energy, how busy each chip and link was."""

    SHOWN: ClassVar[dict[str, str]] = {
        "system": "system",
        "stages": "stages",
        "replicas": "replicas",
        "requests": "stream.requests",
        "span_s": "span_s",
        "throughput_per_s": "throughput_per_s",
        "energy_j": "energy_j",
    }
    ROWS: ClassVar[str] = "chips"

    schema_: Literal["acortex.system/1"] = Field(default="acortex.system/1", alias="schema")
    """The layout of this document."""
    system: str
    """Its name."""
    complete: bool = True
    """Whether all requests were served."""
    timing: Literal["composed", "simulated"] = "composed"
    """composed: a chip's times follow from runs of one and of many inferences. simulated: each word of each request."""
    stages: int
    """Chips of one replica."""
    replicas: int
    """Copies of the system."""
    stream: Stream
    """The requests: how many, and when they came."""
    span_s: float
    """From time 0 to the last completion, in seconds."""
    throughput_per_s: float
    """Requests in a second of it."""
    idle_latency_s: float
    """The time of a request that is alone, in seconds."""
    latency_s: Times
    """From the arrival of a request to its end."""
    wait_s: Times
    """What a request took longer than one that is alone."""
    energy_j: float
    """Of the whole stream, without the writing of weights, in joules."""
    energy_aj: int
    """The same in attojoules, exact."""
    energy_per_request_j: float
    """In joules, leakage included."""
    energy_by_part_aj: SystemEnergy
    """The parts add up to the whole, exactly."""
    bottleneck: Bottleneck
    """What limits throughput."""
    chips: list[ServedChip]
    """By replica and stage."""
    links: list[ServedLink]
    """By replica and wire."""
    warnings: list[str] = Field(default_factory=list)
    """What a reader should know."""
