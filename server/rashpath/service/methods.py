"""Which services and methods there are, as the contract says."""

from __future__ import annotations

from rashpath.v1 import audit_service_pb2, decision_service_pb2, guideline_service_pb2

DECISION_SERVICE = decision_service_pb2.DESCRIPTOR.services_by_name["DecisionService"].full_name
GUIDELINE_SERVICE = guideline_service_pb2.DESCRIPTOR.services_by_name["GuidelineService"].full_name
AUDIT_SERVICE = audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"].full_name
SERVICES = frozenset({DECISION_SERVICE, GUIDELINE_SERVICE, AUDIT_SERVICE})
RECORDED_SERVICES = frozenset({DECISION_SERVICE, AUDIT_SERVICE})
"""Services that cannot do their work while the ledger cannot be written."""

METHODS = {
    method.name: service.full_name
    for file in (decision_service_pb2, guideline_service_pb2, audit_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
"""The service of each method; no two methods share a name."""
