"""The end of an instant comes after everything that happens at that time."""

from __future__ import annotations

from simpy import Environment

from rolloutsim.fleet.instants import EndOfInstant
from rolloutsim.network.fluid import FluidNetwork


def test_the_end_comes_after_what_the_sharing_itself_brings_about() -> None:
    # An empty flow is complete when the sharing is next updated, which is the last event of the instant.
    env = Environment()
    network = FluidNetwork(env)
    link = network.link("uplink", 1.0)
    host = network.host(network.profile(()))
    happened: list[str] = []
    end = EndOfInstant(network, lambda: happened.append("end"))

    def begin(_: object) -> None:
        end.ask()
        network.start(host, network.kind((link,)), 0.0, lambda flow: happened.append("complete"))

    network.call_later(1.0, begin)
    network.run()
    assert happened == ["complete", "end"]
    assert env.now == 1.0


def test_however_often_it_is_asked_for_it_comes_once_an_instant() -> None:
    env = Environment()
    network = FluidNetwork(env)
    times: list[float] = []
    end = EndOfInstant(network, lambda: times.append(env.now))
    for at in (1.0, 1.0, 1.0, 2.0):
        network.call_later(at, lambda _: end.ask())
    network.run()
    assert times == [1.0, 2.0]


def test_two_of_them_and_what_comes_when_the_sharing_has_settled_do_not_wait_for_each_other() -> None:
    env = Environment()
    network = FluidNetwork(env)
    happened: list[str] = []
    ends = [EndOfInstant(network, lambda name=name: happened.append(name)) for name in ("one", "two")]

    def begin(_: object) -> None:
        for end in ends:
            end.ask()
        network.call_afterwards(lambda _: happened.append("settled"), None)

    network.call_later(1.0, begin)
    for _ in range(100):
        if network.peek() > 1.0:
            break
        network.run(most=1)
    assert happened == ["settled", "one", "two"]
