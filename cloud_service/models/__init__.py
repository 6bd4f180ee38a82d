"""The database's tables, one module a subject."""

from cloud_service.models.account import AccessToken, FailedTry, UserAccount, WebSession
from cloud_service.models.audit import AuditEntry, AuditHead
from cloud_service.models.base import Base, now
from cloud_service.models.capture import KEPT, Capture, CustodyEntry, StagedPart, WireRefusal
from cloud_service.models.case import Case, CaseComment, CaseReading, ImageFinding, Report
from cloud_service.models.delivery import Delivery, Event, EventCounter
from cloud_service.models.device import Device, DeviceCommand, EnrolmentCode, Site
from cloud_service.models.heartbeat import Heartbeat
from cloud_service.models.inference import InferenceJob, ModelVersion, Prediction

__all__ = [
    "KEPT",
    "AccessToken",
    "AuditEntry",
    "AuditHead",
    "Base",
    "Capture",
    "Case",
    "CaseComment",
    "CaseReading",
    "CustodyEntry",
    "Delivery",
    "Device",
    "DeviceCommand",
    "EnrolmentCode",
    "Event",
    "EventCounter",
    "FailedTry",
    "Heartbeat",
    "ImageFinding",
    "InferenceJob",
    "ModelVersion",
    "Prediction",
    "Report",
    "Site",
    "StagedPart",
    "UserAccount",
    "WebSession",
    "WireRefusal",
    "now",
]
