"""The Kubernetes manifests: valid by the cluster's own schemas, strict, in step with each other.

No cluster runs here: nothing is applied. Where `kubectl` is, kustomize renders what a cluster would
get; where it is not, those tests are skipped, and the files are still checked one by one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from rashpath.service.methods import RECORDED_SERVICES, SERVICES
from rashpath.service.settings import Settings, load_settings

VERSIONS = ("1.29", "1.33", "1.37")
"""Versions of Kubernetes, the oldest and the newest that the manifests are for among them."""

OVERLAYS = ("base", "overlays/production")
NAMED = {"app.kubernetes.io/name": "rashpath"}
Resources = dict[str, dict[str, Any]]
"""Resources by kind and name."""

KUBECTL = shutil.which("kubectl")


@pytest.fixture(scope="module")
def folder(deploy: Path) -> Path:
    """The folder of the manifests."""
    return deploy / "kubernetes"


@pytest.fixture(scope="module")
def base(folder: Path) -> Resources:
    """The resources of the base by kind and name, as they stand in the files."""
    listed = yaml.safe_load((folder / "base" / "kustomization.yaml").read_text())["resources"]
    found = [
        each for name in listed for each in yaml.safe_load_all((folder / "base" / name).read_text())
    ]
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}


@pytest.fixture(scope="module", params=OVERLAYS)
def rendered(folder: Path, request: pytest.FixtureRequest) -> Resources:
    """What kustomize gives a cluster, by kind and name."""
    if KUBECTL is None:
        pytest.skip("no kubectl on this machine to render with")
    done = subprocess.run(
        [KUBECTL, "kustomize", folder / request.param], capture_output=True, text=True, check=True
    )
    found = list(yaml.safe_load_all(done.stdout))
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}


@pytest.fixture(scope="module")
def settings(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a pod; files stand in for those that a cluster mounts from secrets."""
    mounted = tmp_path_factory.mktemp("mounted")
    text = (folder / "base" / "rashpath.toml").read_text()
    paths = re.findall(r'"/run/rashpath/(.*?)"', text)
    assert len(paths) == 5
    for path in paths:
        (mounted / path).parent.mkdir(exist_ok=True)
        (mounted / path).touch()
    moved = mounted / "rashpath.toml"
    moved.write_text(text.replace("/run/rashpath", str(mounted)))
    return load_settings({}, {}, moved)


def container(resources: Resources) -> dict[str, Any]:
    """Returns the one container of the deployment."""
    (only,) = resources["Deployment/rashpath"]["spec"]["template"]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def test_every_file_is_listed_and_there(folder: Path) -> None:
    """No manifest is forgotten by its kustomization, and none is named that is not there."""
    for name in OVERLAYS:
        text = (folder / name / "kustomization.yaml").read_text()
        for path in sorted((folder / name).iterdir()):
            assert path.name == "kustomization.yaml" or path.name in text, path
        listed = yaml.safe_load(text)
        for resource in listed["resources"]:
            assert (folder / name / resource).exists(), resource


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cluster_accepts_the_base(base: Resources, version: str) -> None:
    """Each resource fits the schema of its kind, without a property that the schema lacks."""
    assert len(base) == 7
    for each in base.values():
        kubernetes_validate.validate(each, version, strict=True)


def test_a_cluster_accepts_what_is_rendered(rendered: Resources) -> None:
    """Each resource of each overlay fits too, and points at the settings of this rendering."""
    for each in rendered.values():
        kubernetes_validate.validate(each, VERSIONS[-1], strict=True)
    (settings,) = [each for each in rendered if each.startswith("ConfigMap/rashpath-settings-")]
    volumes = rendered["Deployment/rashpath"]["spec"]["template"]["spec"]["volumes"]
    named = [each["configMap"]["name"] for each in volumes if "configMap" in each]
    assert named == [settings.partition("/")[2]]


def test_the_schemas_can_refuse(base: Resources) -> None:
    """The check above is not green by nature: a misspelt property is refused."""
    spoiled = base["PodDisruptionBudget/rashpath"] | {"spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(spoiled, VERSIONS[-1], strict=True)


def test_every_selector_means_these_pods(rendered: Resources) -> None:
    """An empty selector would mean every pod of the namespace, the database among them."""
    spec = rendered["Deployment/rashpath"]["spec"]
    assert spec["template"]["metadata"]["labels"] == NAMED
    assert spec["selector"]["matchLabels"] == NAMED
    assert rendered["Service/rashpath"]["spec"]["selector"] == NAMED
    assert rendered["Service/rashpath-pods"]["spec"]["selector"] == NAMED
    assert rendered["PodDisruptionBudget/rashpath"]["spec"]["selector"]["matchLabels"] == NAMED
    assert rendered["NetworkPolicy/rashpath"]["spec"]["podSelector"]["matchLabels"] == NAMED


def test_pods_meet_the_restricted_standard(rendered: Resources) -> None:
    """No root, no capability, no escalation, no write outside of its volumes, no token."""
    pod = rendered["Deployment/rashpath"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container(rendered)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert not [each for each in pod["volumes"] if "hostPath" in each]


def test_probes_ask_what_the_server_answers(base: Resources, settings: Settings) -> None:
    """Probes go to the port for health alone; the service that decides whether a pod lives is one
    that serves while the ledger fails, since a restart mends no database."""
    port = int((settings.health_address or "").rpartition(":")[2])
    pod = container(base)
    probes = {name: pod[name]["grpc"] for name in pod if name.endswith("Probe")}
    assert {"startupProbe", "readinessProbe", "livenessProbe"} == set(probes)
    assert {port} == {each["port"] for each in probes.values()}
    assert "service" not in probes["readinessProbe"]
    assert probes["livenessProbe"]["service"] in SERVICES - RECORDED_SERVICES
    ports = {each["name"]: each["containerPort"] for each in pod["ports"]}
    assert (ports["grpc"], ports["health"]) == (int(settings.address.rpartition(":")[2]), port)


def test_prometheus_finds_the_metrics_of_each_pod(
    base: Resources, settings: Settings, deploy: Path
) -> None:
    """The port is open beyond the pod, has a name, and the scrape configuration looks for it by
    that name, in that namespace, under the job that the alert rules are about."""
    host, _, port = (settings.metrics_address or "").rpartition(":")
    ports = {each["name"]: each["containerPort"] for each in container(base)["ports"]}
    assert (host, ports) == ("0.0.0.0", {"grpc": 50051, "health": 50052, "metrics": int(port)})
    config = yaml.safe_load((deploy / "observe" / "prometheus-kubernetes.yaml").read_text())
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "rashpath"
    assert config["rule_files"] == ["alerts.yaml"]
    namespace = deploy / "kubernetes" / "overlays" / "production" / "namespace.yaml"
    (found,) = job["kubernetes_sd_configs"]
    name = yaml.safe_load(namespace.read_text())["metadata"]["name"]
    assert found == {"role": "pod", "namespaces": {"names": [name]}}
    kept = {
        rule["source_labels"][0].removeprefix("__meta_kubernetes_pod_"): rule["regex"]
        for rule in job["relabel_configs"]
        if rule.get("action") == "keep"
    }
    assert kept == {
        "label_app_kubernetes_io_name": NAMED["app.kubernetes.io/name"],
        "container_port_name": "metrics",
    }


def test_a_pod_may_finish_before_it_is_killed(base: Resources, settings: Settings) -> None:
    """The lame duck lasts longer than a pod can stay in the lists of its callers, and the grace of
    the cluster is longer than both steps of the drain together."""
    spec = base["Deployment/rashpath"]["spec"]["template"]["spec"]
    ready = container(base)["readinessProbe"]
    assert settings.lame_duck_s >= ready["periodSeconds"] * ready["failureThreshold"]
    longest = settings.lame_duck_s + settings.drain_grace_s
    assert spec["terminationGracePeriodSeconds"] >= longest + 10


def test_an_upgrade_never_has_fewer_pods(rendered: Resources) -> None:
    """A new pod is ready before an old one goes, and a node that is emptied takes one at a time
    of at least two."""
    strategy = rendered["Deployment/rashpath"]["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 1, "maxUnavailable": 0}
    assert rendered["PodDisruptionBudget/rashpath"]["spec"]["maxUnavailable"] == 1
    scaler = rendered["HorizontalPodAutoscaler/rashpath"]["spec"]
    assert 2 <= scaler["minReplicas"] < scaler["maxReplicas"]
    assert "replicas" not in rendered["Deployment/rashpath"]["spec"]


def test_secrets_are_named_and_never_held(base: Resources, folder: Path) -> None:
    """Database, keys and certificates come from secrets that the cluster's owner makes; none
    stands in a file here."""
    secrets = [
        each["secret"]["secretName"]
        for each in base["Deployment/rashpath"]["spec"]["template"]["spec"]["volumes"]
        if "secret" in each
    ]
    url = container(base)["env"][0]
    assert url["name"] == "RASHPATH_AUDIT_URL"
    assert url["valueFrom"]["secretKeyRef"] == {"name": "rashpath-postgresql", "key": "url"}
    assert secrets == ["rashpath-tls", "rashpath-keys"]
    for path in folder.rglob("*.yaml"):
        assert "kind: Secret" not in path.read_text(), path


def test_traffic_is_what_it_needs_to_be(rendered: Resources) -> None:
    """In come calls from marked namespaces and Prometheus for the metrics, neither to the other's
    port; out go names and the database, nothing else."""
    policy = rendered["NetworkPolicy/rashpath"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    who = {
        each["port"]: [set(peer) for peer in rule["from"]]
        for rule in policy["ingress"]
        for each in rule["ports"]
    }
    assert who == {
        "grpc": [{"namespaceSelector"}],
        "metrics": [{"namespaceSelector", "podSelector"}],
    }
    (prometheus,) = policy["ingress"][1]["from"]
    assert prometheus["namespaceSelector"]["matchLabels"] == {"rashpath-metrics": "true"}
    assert prometheus["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "prometheus"}
    assert {each["port"] for rule in policy["ingress"] for each in rule["ports"]} <= {
        each["name"] for each in container(rendered)["ports"]
    }
    out = {(each["port"], each["protocol"]) for rule in policy["egress"] for each in rule["ports"]}
    assert out == {(53, "UDP"), (53, "TCP"), (5432, "TCP")}
