"""The database's tables, one module a subject."""

from cloud_service.models.account import AccessToken, FailedTry, UserAccount, WebSession
from cloud_service.models.audit import AuditEntry, AuditHead
from cloud_service.models.base import Base, now
from cloud_service.models.capture import KEPT, Capture, CustodyEntry, StagedPart, WireRefusal
from cloud_service.models.case import Case, CaseComment, CaseReading, ImageFinding, Report
from cloud_service.models.dataset import Dataset, DatasetImage, DatasetImport, LabelCandidate
from cloud_service.models.delivery import Delivery, Event, EventCounter
from cloud_service.models.device import Device, DeviceCommand, EnrolmentCode, Site
from cloud_service.models.heartbeat import Heartbeat
from cloud_service.models.inference import InferenceJob, ModelVersion, Prediction
from cloud_service.models.registry import (
    EVERYWHERE,
    ModelActivation,
    ModelAssessment,
    ModelProposal,
    ShadowPrediction,
    ShadowRun,
)
from cloud_service.models.training import TrainingEpoch, TrainingJob, TrainingRecipe, TrainingSchedule

__all__ = [
    "EVERYWHERE",
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
    "Dataset",
    "DatasetImage",
    "DatasetImport",
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
    "LabelCandidate",
    "ModelActivation",
    "ModelAssessment",
    "ModelProposal",
    "ModelVersion",
    "Prediction",
    "Report",
    "ShadowPrediction",
    "ShadowRun",
    "Site",
    "StagedPart",
    "TrainingEpoch",
    "TrainingJob",
    "TrainingRecipe",
    "TrainingSchedule",
    "UserAccount",
    "WebSession",
    "WireRefusal",
    "now",
]
