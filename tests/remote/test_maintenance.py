"""`invoke maintenance.on` and `off`, with the rendered nginx.conf in two real nginx."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.remote.configured import Fleet, take_built_in_nginx

STRANGER = "203.0.113.8"


def ask(fleet: Fleet, host: str, address: str = STRANGER) -> HTTPResponse:
    """The site is asked by that client, through a balancer on this machine."""
    connection = HTTPConnection(fleet.servers[host].address, fleet.ports[host], timeout=5)
    try:
        connection.request("GET", "/", headers={"X-Forwarded-For": address})
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


def statuses(fleet: Fleet, address: str = STRANGER) -> list[int]:
    return [ask(fleet, host, address).status for host in fleet.servers]


@pytest.fixture
def sites(fleet: Fleet) -> Fleet:
    """The built-in nginx on both hosts; no app stands behind it, so that it answers 502."""
    take_built_in_nginx(fleet, real_ip_from=["127.0.0.0/8"])
    said = fleet.run("configure")
    assert said.code == 0, said.text
    assert statuses(fleet) == [502, 502]
    return fleet


def test_the_site_is_closed_but_for_friends_and_opened(sites: Fleet) -> None:
    said = sites.run("maintenance.on", "--allow", "203.0.113.7,2001:DB8::1")
    assert said.code == 0, said.text
    for host in sites.servers:
        response = ask(sites, host)
        assert (response.status, response.getheader("Retry-After")) == (503, "300")
    assert statuses(sites, "203.0.113.7") == [502, 502]
    assert statuses(sites, "2001:db8::1") == [502, 502]
    assert statuses(sites, "127.0.0.1") == [502, 502], "whoever switched it on passes"
    assert said.events("run_finished")[-1]["message"] == "closed on 2 hosts"
    again = sites.run("maintenance.on")
    assert again.code == 0, again.text
    assert statuses(sites, "203.0.113.7") == [503, 503], "friends are those of the last time"
    assert sites.run("maintenance.off").code == 0
    assert statuses(sites) == [502, 502]
    assert sites.run("maintenance.off").code == 0


def test_a_host_whose_nginx_does_not_look_opens_all_again(sites: Fleet) -> None:
    """web2 has a configuration from before: nobody would see a page there."""
    sites.inventory["hosts"]["web2"]["nginx"]["maintenance"] = None
    assert sites.run("configure").code == 0
    del sites.inventory["hosts"]["web2"]["nginx"]["maintenance"]
    said = sites.run("maintenance.on")
    assert said.code == 1
    assert "nginx does not look for the file" in said.events("host_failed")[0]["message"]
    assert statuses(sites) == [502, 502]


def test_what_is_no_address_is_told(sites: Fleet) -> None:
    said = sites.run("maintenance.on", "--allow", "203.0.113.0/24")
    assert said.code == 2
    assert "no address" in said.text
    dry = sites.run("maintenance.on", "--dry-run", output="terminal")
    assert dry.code == 0
    assert "close_site" in dry.text
    assert statuses(sites) == [502, 502]
    for host in sites.inventory["hosts"].values():
        host["nginx"]["maintenance"] = None
    assert sites.run("maintenance.off").code == 2
