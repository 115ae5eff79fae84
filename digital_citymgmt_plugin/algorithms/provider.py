# SPDX-License-Identifier: GPL-2.0-or-later
"""The Processing provider of the plugin."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from digital_citymgmt_plugin.algorithms.adoptgrids import AdoptGridsAlgorithm
from digital_citymgmt_plugin.algorithms.assess import AssessAlgorithm
from digital_citymgmt_plugin.algorithms.assigncodes import AssignCodesAlgorithm
from digital_citymgmt_plugin.algorithms.backupstore import BackupStoreAlgorithm
from digital_citymgmt_plugin.algorithms.base import CityAlgorithm, icon, tr
from digital_citymgmt_plugin.algorithms.casedensity import CaseDensityAlgorithm
from digital_citymgmt_plugin.algorithms.changenotice import ChangeNoticeAlgorithm
from digital_citymgmt_plugin.algorithms.checkcomponents import CheckComponentsAlgorithm
from digital_citymgmt_plugin.algorithms.checkgrids import CheckGridsAlgorithm
from digital_citymgmt_plugin.algorithms.collectorsheets import CollectorSheetsAlgorithm
from digital_citymgmt_plugin.algorithms.compareperiods import ComparePeriodsAlgorithm
from digital_citymgmt_plugin.algorithms.createstore import CreateStoreAlgorithm
from digital_citymgmt_plugin.algorithms.decidecandidates import DecideCandidatesAlgorithm
from digital_citymgmt_plugin.algorithms.draftbeats import DraftBeatsAlgorithm
from digital_citymgmt_plugin.algorithms.draftgrids import DraftGridsAlgorithm
from digital_citymgmt_plugin.algorithms.drawrecheck import DrawRecheckAlgorithm
from digital_citymgmt_plugin.algorithms.exportaudit import ExportAuditAlgorithm
from digital_citymgmt_plugin.algorithms.exportcases import ExportCasesAlgorithm
from digital_citymgmt_plugin.algorithms.exportgrids import ExportGridsAlgorithm
from digital_citymgmt_plugin.algorithms.exportprofile import ExportProfileAlgorithm
from digital_citymgmt_plugin.algorithms.findduplicates import FindDuplicatesAlgorithm
from digital_citymgmt_plugin.algorithms.gridson import GridsOnAlgorithm
from digital_citymgmt_plugin.algorithms.hotspots import HotspotsAlgorithm
from digital_citymgmt_plugin.algorithms.importareas import ImportAreasAlgorithm
from digital_citymgmt_plugin.algorithms.importbasemap import ImportBaseMapAlgorithm
from digital_citymgmt_plugin.algorithms.importbeats import ImportBeatsAlgorithm
from digital_citymgmt_plugin.algorithms.importcases import ImportCasesAlgorithm
from digital_citymgmt_plugin.algorithms.importcomponents import ImportComponentsAlgorithm
from digital_citymgmt_plugin.algorithms.importfilingstandard import ImportFilingStandardAlgorithm
from digital_citymgmt_plugin.algorithms.importphotos import ImportPhotosAlgorithm
from digital_citymgmt_plugin.algorithms.importplaces import ImportPlacesAlgorithm
from digital_citymgmt_plugin.algorithms.importprofile import ImportProfileAlgorithm
from digital_citymgmt_plugin.algorithms.importtracks import ImportTracksAlgorithm
from digital_citymgmt_plugin.algorithms.linkcases import LinkCasesAlgorithm
from digital_citymgmt_plugin.algorithms.makecandidates import MakeCandidatesAlgorithm
from digital_citymgmt_plugin.algorithms.mergeduplicates import MergeDuplicatesAlgorithm
from digital_citymgmt_plugin.algorithms.packcases import PackCasesAlgorithm
from digital_citymgmt_plugin.algorithms.placecases import PlaceCasesAlgorithm
from digital_citymgmt_plugin.algorithms.readreceipt import ReadReceiptAlgorithm
from digital_citymgmt_plugin.algorithms.readrecheck import ReadRecheckAlgorithm
from digital_citymgmt_plugin.algorithms.recomputedue import RecomputeDueAlgorithm
from digital_citymgmt_plugin.algorithms.renumbergrids import RenumberGridsAlgorithm
from digital_citymgmt_plugin.algorithms.restate import RestateAlgorithm
from digital_citymgmt_plugin.algorithms.scanclusters import ScanClustersAlgorithm
from digital_citymgmt_plugin.algorithms.undooperation import UndoOperationAlgorithm
from digital_citymgmt_plugin.algorithms.upgradestore import UpgradeStoreAlgorithm
from digital_citymgmt_plugin.algorithms.verifystore import VerifyStoreAlgorithm
from digital_citymgmt_plugin.algorithms.writebrief import WriteBriefAlgorithm
from digital_citymgmt_plugin.algorithms.writeslips import WriteSlipsAlgorithm

ALGORITHMS: tuple[type[CityAlgorithm], ...] = (
    CreateStoreAlgorithm,
    UpgradeStoreAlgorithm,
    VerifyStoreAlgorithm,
    UndoOperationAlgorithm,
    BackupStoreAlgorithm,
    ExportAuditAlgorithm,
    ExportProfileAlgorithm,
    ImportProfileAlgorithm,
    ImportFilingStandardAlgorithm,
    ImportAreasAlgorithm,
    ImportBaseMapAlgorithm,
    DraftGridsAlgorithm,
    AdoptGridsAlgorithm,
    CheckGridsAlgorithm,
    RenumberGridsAlgorithm,
    GridsOnAlgorithm,
    RestateAlgorithm,
    ExportGridsAlgorithm,
    ChangeNoticeAlgorithm,
    DraftBeatsAlgorithm,
    ImportBeatsAlgorithm,
    ImportPlacesAlgorithm,
    MakeCandidatesAlgorithm,
    DecideCandidatesAlgorithm,
    ImportComponentsAlgorithm,
    ImportPhotosAlgorithm,
    AssignCodesAlgorithm,
    FindDuplicatesAlgorithm,
    MergeDuplicatesAlgorithm,
    CheckComponentsAlgorithm,
    ImportCasesAlgorithm,
    PlaceCasesAlgorithm,
    RecomputeDueAlgorithm,
    LinkCasesAlgorithm,
    WriteSlipsAlgorithm,
    PackCasesAlgorithm,
    ReadReceiptAlgorithm,
    ExportCasesAlgorithm,
    ImportTracksAlgorithm,
    AssessAlgorithm,
    ComparePeriodsAlgorithm,
    CollectorSheetsAlgorithm,
    DrawRecheckAlgorithm,
    ReadRecheckAlgorithm,
    WriteBriefAlgorithm,
    HotspotsAlgorithm,
    ScanClustersAlgorithm,
    CaseDensityAlgorithm,
)


class DcmProvider(QgsProcessingProvider):
    """Provider ``dcm``."""

    def id(self) -> str:
        return "dcm"

    def name(self) -> str:
        return tr("Digital city management")

    def longName(self) -> str:
        return self.name()

    def icon(self) -> QIcon:
        return icon("city")

    def loadAlgorithms(self) -> None:
        for kind in ALGORITHMS:
            self.addAlgorithm(kind())

    def supportsNonFileBasedOutput(self) -> bool:
        """The engine writes files: no databases, no memory layers."""
        return False

    def supportedOutputVectorLayerExtensions(self) -> list[str]:
        return ["gpkg", "shp", "geojson", "xlsx", "csv"]

    def supportedOutputTableExtensions(self) -> list[str]:
        return ["xlsx", "csv", "gpkg"]

    def defaultVectorFileExtension(self, hasGeometry: bool = True) -> str:
        return "gpkg" if hasGeometry else "xlsx"
